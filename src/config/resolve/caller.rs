//! Who may call.

use std::collections::HashSet;
use std::sync::Arc;

use super::identity::Believed;
use super::{Resolver, Seen};
use crate::budget::{Calls, Dimension, fits};
use crate::config::decode::{Field, List, Named};
use crate::config::problem::Mark;
use crate::config::raw::{RawCaller, RawProof, RawSecret};
use crate::identity::{Caller, Directory, Mentioned, Shows};
use crate::snapshot::Callers;

impl Resolver<'_> {
    /// The callers; where none are listed everyone may call, but only if the config says so
    /// (`anonymous`) or nobody else can (no listener is `public`). `mentioned` is what rules name.
    pub(super) fn callers(
        &mut self,
        raw: Field<List<RawCaller>>,
        believed: Option<Believed>,
        anonymous: bool,
        public: Option<Mark>,
        mentioned: Mentioned,
    ) -> Option<Callers> {
        let remedy = "callers: [{ name: checkout, key: { env: CHECKOUT_KEY } }]";
        if let (Field::Absent, None) = (&raw, &believed) {
            let Some(mark) = public.filter(|_| !anonymous) else { return Some(Callers::Anyone) };
            let what = "anyone who reaches this address could spend your money: no `callers`";
            let remedy = format!("{remedy}, or an address on 127.0.0.1, or `anonymous: true`");
            self.problems.add(mark, what, remedy);
            return None;
        }
        let mut names = Seen::new("the caller");
        let mut callers: Vec<(Arc<Caller>, Shows)> = Vec::new();
        for (section, raw) in self.entries(raw, "callers", remedy, None) {
            let RawCaller {
                name,
                group,
                namespace,
                service_account,
                labels,
                key,
                identity,
                models,
                paths,
            } = raw;
            let name = name.require(section, "name", "name: checkout", self.problems);
            if let Some((mark, name)) = &name {
                self.check_name(*mark, name, "name");
                names.check(*mark, name, "another name", self.problems);
            }
            let group = self.name(group, "group").unwrap_or_default();
            let namespace = self.name(namespace, "namespace").unwrap_or_default();
            let service_account = self.name(service_account, "service_account").unwrap_or_default();
            let labels = self.labels(labels);
            let shows = self.shows(section, key, identity, believed.as_ref());
            let models = models.given().map(|(mark, models)| {
                if models.is_empty() {
                    let what = "`models` is empty: this caller may use nothing";
                    self.problems.add(mark, what, "the models it may use, or no `models` for all");
                }
                self.models(models).into_iter().map(|(_, model)| model).collect()
            });
            let paths = paths.given().map(|(_, paths)| {
                let paths = self.path_patterns(paths);
                paths.into_iter().map(|(_, path)| path).collect()
            });
            let (Some((_, name)), Some((shows_at, shows))) = (name, shows) else { continue };
            if let Some((other, _)) = callers.iter().find(|(_, other)| same(other, &shows)) {
                let (what, remedy) = match shows {
                    Shows::Key(_) => ("key", "a key of its own for each caller"),
                    Shows::Identity(_) => ("identity", "an identity of its own for each caller"),
                };
                let what = format!("`{name}` has the same {what} as `{}`", other.name);
                self.problems.add(shows_at, what, remedy);
            }
            let caller = Caller {
                group,
                namespace,
                service_account,
                labels,
                models,
                paths,
                ..Caller::named(name)
            };
            callers.push((Arc::new(caller), shows));
        }
        let Believed { issuers, certificates, .. } = believed.unwrap_or_default();
        Some(Callers::Known(Box::new(Directory::new(callers, issuers, certificates, mentioned))))
    }

    /// What a caller is known by: a key, or an identity.
    fn shows(
        &mut self,
        section: Mark,
        key: Field<RawSecret>,
        identity: Field<RawProof>,
        believed: Option<&Believed>,
    ) -> Option<(Mark, Shows)> {
        match (key, identity) {
            (key, Field::Absent) => {
                let remedy = "key: { env: NAME } or { file: /path }";
                let (mark, raw) = key.require(section, "key", remedy, self.problems)?;
                Some((mark, Shows::Key(Arc::new(self.secret(mark, raw)?))))
            }
            (Field::Absent, identity) => {
                let (mark, raw) = identity.given()?;
                Some((mark, Shows::Identity(self.proof(mark, raw, believed))))
            }
            _ => {
                let what = "a caller is known by its `key` or by its `identity`";
                self.problems.add(section, what, "one of the two; two callers may share a group");
                None
            }
        }
    }

    fn labels(&mut self, raw: Field<Named<String>>) -> Vec<(String, String)> {
        let mut labels = Vec::new();
        for (mark, name, value) in raw.value().unwrap_or_default() {
            self.check_name(mark, &name, "the name of a label");
            labels.extend(self.name(value, &name).map(|value| (name, value)));
        }
        labels
    }
}

/// What rules name of those who call.
pub(super) fn mentioned<'a>(rules: impl Iterator<Item = &'a Calls>) -> Mentioned {
    let mut mentioned = Mentioned {
        callers: HashSet::new(),
        namespaces: HashSet::new(),
        service_accounts: HashSet::new(),
        groups: HashSet::new(),
        fits,
    };
    for (dimension, values) in rules.flat_map(|calls| &calls.0) {
        let names = match dimension {
            Dimension::Caller => &mut mentioned.callers,
            Dimension::Namespace => &mut mentioned.namespaces,
            Dimension::ServiceAccount => &mut mentioned.service_accounts,
            Dimension::Group => &mut mentioned.groups,
            _ => continue,
        };
        names.extend(values.iter().cloned());
    }
    mentioned
}

/// Whether two callers could not be told apart.
fn same(one: &Shows, other: &Shows) -> bool {
    match (one, other) {
        (Shows::Key(one), Shows::Key(other)) => one.current() == other.current(),
        (Shows::Identity(one), Shows::Identity(other)) => one == other,
        (Shows::Key(_), Shows::Identity(_)) | (Shows::Identity(_), Shows::Key(_)) => false,
    }
}
