//! What the name of a host says of its region.

use super::{Place, table};

/// What a host is known to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint<'h> {
    /// The region that its name holds, or `global`.
    pub region: &'h str,
    /// What to ask for a region instead of a global one.
    pub instead: &'static str,
    /// Whether the name of a model may say over which regions a call is spread
    /// ([`of_model`](super::of_model)).
    pub has_inference_profiles: bool,
    may_be: &'static [String],
}

/// A row of the table.
#[derive(Debug)]
pub(super) struct Row {
    /// The host's name, with `{region}` or `*` in it.
    pub(super) is: String,
    /// Its region, where the name has none.
    pub(super) region: Option<String>,
    /// What an account's settings can make of it.
    pub(super) may_be: Vec<String>,
    pub(super) instead: String,
    /// Whether names of models may spread a call over regions.
    pub(super) profiles: bool,
}

impl Endpoint<'_> {
    /// The place, if the region is known.
    pub fn place(&self) -> Option<&'static Place> {
        Place::named(self.region)
    }

    /// Whether an operator may say that it is there: what the host says lies in it, or an
    /// account's settings can make it so.
    pub fn may_be(&self, declared: &str) -> bool {
        let told = self.place();
        let within = Place::named(declared).zip(told).is_some_and(|(area, told)| area.holds(told));
        within || declared == self.region || self.may_be.iter().any(|known| known == declared)
    }
}

/// What this host, in small letters, is known to be; `None` if its name says nothing.
pub fn of_host(host: &str) -> Option<Endpoint<'_>> {
    let host = host.strip_suffix('.').unwrap_or(host);
    table().hosts.iter().find_map(|Row { is, region, may_be, instead, profiles }| {
        let found = match region {
            Some(region) => (is == host).then_some(&**region),
            None => hole(is, host),
        };
        let has_inference_profiles = *profiles;
        Some(Endpoint { region: found?, instead, has_inference_profiles, may_be })
    })
}

/// What stands in the name where the pattern says `{region}`: one label, or a part of one.
fn hole<'h>(pattern: &str, host: &'h str) -> Option<&'h str> {
    let (before, after) = pattern.split_once("{region}")?;
    let rest = host.strip_suffix(after)?;
    let region = match before.strip_prefix('*') {
        // Any labels may come first, so the last of such pieces counts.
        Some(piece) => rest.rsplit_once(piece).filter(|(first, _)| !first.is_empty())?.1,
        None => rest.strip_prefix(before)?,
    };
    (!region.is_empty() && !region.contains('.')).then_some(region)
}
