//! What Bedrock's model names say of where they are served.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{Place, table};

/// Where a call to a model of Bedrock's is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// In the region that is asked.
    Home,
    /// Anywhere in a place: the name is an inference profile's.
    Across(&'static Place),
    /// Nobody here can tell.
    Unknown,
}

/// What names begin with.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Names {
    pub(super) profiles: BTreeMap<String, String>,
    makers: BTreeSet<String>,
}

/// Where a call to this model, as Bedrock is asked for it, is served. Of an ARN only the model's
/// own (`foundation-model`) and a named profile tell.
pub fn of_model(model: &str) -> Profile {
    let name = if model.starts_with("arn:") {
        // arn:partition:bedrock:region:account:kind/name: the region is that of the endpoint, or
        // the call is refused there.
        let resource = model.splitn(6, ':').nth(5).and_then(|resource| resource.split_once('/'));
        match resource {
            Some(("foundation-model" | "inference-profile", name)) => name,
            _ => return Profile::Unknown,
        }
    } else {
        model
    };
    let Some((first, rest)) = name.split_once('.') else { return Profile::Unknown };
    let Names { profiles, makers } = &table().bedrock;
    if makers.contains(first) {
        return Profile::Home;
    }
    let maker = rest.split_once('.').map(|(maker, _)| maker);
    let place = profiles.get(first).filter(|_| maker.is_some_and(|maker| makers.contains(maker)));
    place.and_then(|name| Place::named(name)).map_or(Profile::Unknown, Profile::Across)
}
