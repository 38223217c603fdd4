//! Rules of access.

use providers::features::{Feature, Features};

use super::Resolver;
use super::known::Known;
use crate::budget::{Calls, Dimension};
use crate::config::decode::{Field, List};
use crate::config::raw::{RawAccess, RawFeatures, RawWho};
use crate::config::value::Switch;
use crate::snapshot::{Access, AccessRule};

impl Resolver<'_> {
    /// Rules of access; without the section there are none, and all is allowed.
    pub(super) fn access(&mut self, raw: Field<List<RawAccess>>, known: &Known) -> Option<Access> {
        if let Field::Absent = raw {
            return None;
        }
        let remedy = "access: [{ match: { namespace: shop }, models: [\"gpt-*\"] }]";
        let mut rules = Vec::new();
        for (_, raw) in self.entries(raw, "access", remedy, None) {
            let RawAccess { who, routes, backends, models, features, max_output_tokens } = raw;
            rules.push(AccessRule {
                who: self.who(who, known),
                routes: self.listed(routes, "routes", &Dimension::Route, known),
                backends: self.listed(backends, "backends", &Dimension::Backend, known),
                models: self.listed(models, "models", &Dimension::Model, known),
                features: features.value().map(features_of),
                max_output_tokens: max_output_tokens.value().map(u64::from),
            });
        }
        Some(Access(rules))
    }

    /// Whose calls a rule is about.
    pub(super) fn who(&mut self, raw: Field<RawWho>, known: &Known) -> Calls {
        let Some(raw) = raw.value() else { return Calls::default() };
        let RawWho { caller, group, namespace, service_account, labels } = raw;
        let plain = [
            (Dimension::Caller, caller),
            (Dimension::Group, group),
            (Dimension::Namespace, namespace),
            (Dimension::ServiceAccount, service_account),
        ];
        self.chosen(plain, labels, known)
    }

    /// The names of what is allowed, of which each must be there.
    fn listed(
        &mut self,
        raw: Field<List<String>>,
        key: &str,
        dimension: &Dimension,
        known: &Known,
    ) -> Option<Vec<String>> {
        let (mark, list) = raw.given()?;
        if list.is_empty() {
            let what = format!("`{key}` is empty: nothing is allowed");
            self.problems.add(mark, what, format!("what is allowed, or no `{key}` for all"));
        }
        let names = list.into_iter().filter_map(Field::given).map(|(mark, name)| {
            self.check_known(mark, dimension, &name, known);
            name
        });
        Some(names.collect())
    }
}

/// What a request may make use of: where it is said, it is a list of what is allowed.
fn features_of(raw: RawFeatures) -> Features {
    let RawFeatures { tools, hosted_tools, images, audio, files } = raw;
    let said = [
        (tools, Feature::Tools),
        (hosted_tools, Feature::HostedTools),
        (images, Feature::Images),
        (audio, Feature::Audio),
        (files, Feature::Files),
    ];
    let allowed = said.into_iter().filter(|(on, _)| matches!(on, Field::Given(_, Switch(true))));
    allowed.fold(Features::NONE, |features, (_, feature)| features.with(feature))
}
