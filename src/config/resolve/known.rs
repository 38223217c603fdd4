//! The names that a budget may choose calls by, as far as the file gives them.

use providers::vendor::Vendor;

use super::Resolver;
use crate::budget::Dimension;
use crate::config::decode::{Field, List, Named};
use crate::config::problem::Mark;
use crate::config::raw::{RawBackend, RawCaller, RawRoute};
use crate::config::suggest::suggest;

/// What calls can be in each dimension. Those of sections that are wrong are among them: a
/// reference to one of these is not wrong too.
pub(super) struct Known {
    names: Vec<(Dimension, String)>,
    /// The models that routes serve: as asked for, or as a target names them.
    models: Vec<String>,
    /// Whether callers may be others than the file lists.
    identified: bool,
}

impl Known {
    pub(super) fn of(
        callers: &Field<List<RawCaller>>,
        routes: &Field<List<RawRoute>>,
        backends: &Field<Named<RawBackend>>,
        identified: bool,
    ) -> Self {
        let mut known = Self { names: Vec::new(), models: Vec::new(), identified };
        for caller in entries(callers) {
            known.add(Dimension::Caller, &caller.name);
            known.add(Dimension::Group, &caller.group);
            known.add(Dimension::Namespace, &caller.namespace);
            known.add(Dimension::ServiceAccount, &caller.service_account);
            for (_, label, value) in caller.labels.peek().into_iter().flatten() {
                known.add(Dimension::Label(label.clone()), value);
            }
        }
        for route in entries(routes) {
            known.route(route);
        }
        for (_, name, _) in backends.peek().into_iter().flatten() {
            known.names.push((Dimension::Backend, name.clone()));
        }
        for vendor in Vendor::all() {
            known.names.push((Dimension::Provider, vendor.name().to_owned()));
        }
        known
    }

    fn add(&mut self, dimension: Dimension, value: &Field<String>) {
        self.names.extend(value.peek().map(|value| (dimension, value.clone())));
    }

    fn route(&mut self, route: &RawRoute) {
        let models: Vec<&String> = texts(&route.models).collect();
        let first = models.first().copied().or_else(|| texts(&route.paths).next());
        let name = route.name.peek().or(first);
        self.names.extend(name.map(|name| (Dimension::Route, name.clone())));
        for target in entries(&route.backends) {
            match target.model.peek() {
                Some(model) => self.models.push(model.to_ascii_lowercase()),
                None => self.models.extend(models.iter().map(|model| model.to_ascii_lowercase())),
            }
        }
    }

    /// What is known in this dimension.
    fn values(&self, dimension: &Dimension) -> Vec<&str> {
        let of = self.names.iter().filter(|(known, _)| known == dimension);
        of.map(|(_, value)| value.as_str()).collect()
    }
}

fn entries<T>(list: &Field<List<T>>) -> impl Iterator<Item = &T> {
    list.peek().into_iter().flatten().filter_map(Field::peek)
}

fn texts(list: &Field<List<String>>) -> impl Iterator<Item = &String> {
    entries(list)
}

impl Resolver<'_> {
    /// A name, or a pattern with one `*`, that no call could be would make a budget that never
    /// counts.
    pub(super) fn check_known(
        &mut self,
        mark: Mark,
        dimension: &Dimension,
        value: &str,
        known: &Known,
    ) {
        if *dimension == Dimension::Model {
            self.check_model(mark, value, true);
            let small = value.to_ascii_lowercase();
            let fits = |pattern: &String| crate::snapshot::matches(pattern, &small);
            if !value.contains('*') && !known.models.iter().any(fits) {
                let what = format!("no route serves the model `{value}`");
                self.problems.add(mark, what, "a model as its provider is asked for it");
            }
            return;
        }
        match value.matches('*').count() {
            // Others that share the store are named in files of their own.
            0 if *dimension == Dimension::Gateway => return,
            0 => {}
            1 => return,
            _ => {
                let what = format!("`{value}` holds more than one `*`");
                return self.problems.add(mark, what, "one `*`, such as team-*");
            }
        }
        let of_callers = matches!(
            dimension,
            Dimension::Caller
                | Dimension::Group
                | Dimension::Namespace
                | Dimension::ServiceAccount
                | Dimension::Label(_)
        );
        if of_callers && known.identified {
            return;
        }
        let values = known.values(dimension);
        if values.contains(&value) {
            return;
        }
        let what = format!("there is no {} `{value}`", spoken(dimension));
        let remedy = match suggest(value, values.iter().copied()) {
            Some(near) => near.to_owned(),
            None if values.is_empty() && *dimension == Dimension::Caller => {
                "a name that `callers` gives".to_owned()
            }
            None if values.is_empty() => format!("a {} that a caller has", spoken(dimension)),
            None => format!("one of {}", values.join(", ")),
        };
        self.problems.add(mark, what, remedy);
    }
}

fn spoken(dimension: &Dimension) -> String {
    match dimension {
        Dimension::Label(name) => format!("label {name}:"),
        Dimension::ServiceAccount => "service account".to_owned(),
        other => other.to_string(),
    }
}
