//! Routes.

use std::sync::Arc;

use providers::translate::Leeway;

use super::backend::Backends;
use super::{Resolver, Seen};
use crate::config::decode::{Field, List};
use crate::config::problem::Mark;
use crate::config::raw::{RawRoute, RawTarget};
use crate::config::value::Switch;
use crate::snapshot::{Route, RouteTarget};

impl Resolver<'_> {
    pub(super) fn routes(
        &mut self,
        raw: Field<List<RawRoute>>,
        backends: &Backends,
        top: Mark,
    ) -> Vec<Arc<Route>> {
        let remedy = "routes: [{ models: [\"gpt-*\"], backends: [openai] }]";
        let mut names = Seen::new("the route");
        let mut patterns = Seen::new("the model");
        let mut unread_paths = Seen::new("the path");
        let mut routes = Vec::new();
        for (section, raw) in self.entries(raw, "routes", remedy, Some(top)) {
            let RawRoute { name, models, paths, backends: targets, strict, drop, emulate, regions } =
                raw;
            let unread = matches!(paths, Field::Given(..) | Field::Wrong);
            let paths = self.paths(paths, &models);
            let remedy = "models: [\"gpt-*\"]";
            let required = match &models {
                Field::Absent if unread => None,
                _ => models.require(section, "models", remedy, self.problems),
            };
            let models = match required {
                Some((mark, models)) if models.is_empty() => {
                    self.problems.add(mark, "`models` is empty", remedy);
                    Vec::new()
                }
                Some((_, models)) => self.models(models),
                None => Vec::new(),
            };
            for (mark, model) in &models {
                patterns.check(*mark, model, "it in one route only", self.problems);
            }
            for (mark, path) in &paths {
                unread_paths.check(*mark, path, "it in one route only", self.problems);
            }
            let drop = drop.value().unwrap_or_default().into_iter().filter_map(Field::value);
            let emulate = emulate.value().unwrap_or_default().into_iter().filter_map(Field::value);
            let leeway = Leeway {
                strict: strict.or(Switch(false)).0,
                drop: drop.collect(),
                emulate: emulate.collect(),
            };
            let targets = self.targets(section, targets, backends, &models);
            self.check_paths(&paths, &targets);
            let regions = self.route_regions(regions, &targets);
            let first =
                models.first().or(paths.first()).map(|(mark, model)| (*mark, model.clone()));
            let given = name.given().inspect(|(mark, name)| self.check_name(*mark, name, "name"));
            let Some((mark, name)) = given.or(first) else { continue };
            names.check(mark, &name, "another `name`", self.problems);
            let models = models.into_iter().map(|(_, model)| model).collect();
            let paths = paths.into_iter().map(|(_, path)| path).collect();
            routes.push(Arc::new(Route { name, models, paths, leeway, regions, targets }));
        }
        routes
    }

    /// Paths that are passed on unread.
    fn paths<T>(&mut self, raw: Field<List<String>>, models: &Field<T>) -> Vec<(Mark, String)> {
        let Some((mark, paths)) = raw.given() else { return Vec::new() };
        if paths.is_empty() {
            self.problems.add(mark, "`paths` is empty", "paths: [\"/v1/files\", \"/v1/files/*\"]");
        }
        if !matches!(models, Field::Absent) {
            let what = "a route is of `models`, or of `paths` that are passed on unread";
            self.problems.add(mark, what, "one of the two; another route for the other");
        }
        self.path_patterns(paths)
    }

    /// What is behind such a path is one backend's own: there is no other to try.
    fn check_paths(&mut self, paths: &[(Mark, String)], targets: &[RouteTarget]) {
        let Some((first, _)) = paths.first() else { return };
        let [target] = targets else {
            if targets.len() > 1 {
                let what = "paths are passed on to one backend, and several are listed";
                self.problems.add(*first, what, "one backend, and a route for each other one");
            }
            return;
        };
        let backend = &target.backend;
        if target.model.is_some() {
            self.problems.add(*first, "a path has no `model`", "the backend's name alone");
        }
        for (mark, path) in paths {
            let offer = backend.vendor.offer(backend.schema);
            let inside = path.replace('*', "x");
            if offer.is_none_or(|offer| offer.opaque(&inside).is_none()) {
                let (name, title) = (&backend.name, backend.vendor.title());
                let what = format!("backend `{name}` ({title}) has no such path");
                self.problems.add(*mark, what, "a path of its own API, with its version");
            }
        }
    }

    fn targets(
        &mut self,
        section: Mark,
        raw: Field<List<RawTarget>>,
        backends: &Backends,
        models: &[(Mark, String)],
    ) -> Vec<RouteTarget> {
        let remedy = "backends: [openai], or [{ backend: openai, model: gpt-5.4 }]";
        let mut seen = Seen::new("the target");
        let mut targets = Vec::new();
        for (mark, raw) in self.entries(raw, "backends", remedy, Some(section)) {
            let RawTarget { backend, model, weight } = raw;
            let backend = backend.require(mark, "backend", "{ backend: openai }", self.problems);
            let Some((mark, name)) = backend else { continue };
            let model = model.given().map(|(mark, model)| {
                self.check_model(mark, &model, false);
                model
            });
            let target = model.as_ref().map_or_else(|| name.clone(), |m| format!("{name} {m}"));
            seen.check(mark, &target, "it once", self.problems);
            match backends.get(&name) {
                Some(Some(backend)) => {
                    let backend = Arc::clone(backend);
                    let is_one = matches!(models, [(_, only)] if !only.contains('*'));
                    if backend.deployed && model.is_none() && !is_one {
                        // Whoever may use the least of them would get, and pay, what it is not.
                        let what = format!(
                            "backend `{name}` is one deployment, which answers as itself whatever model is asked for"
                        );
                        let remedy = format!("{{ backend: {name}, model: the model that it is }}");
                        self.problems.add(mark, what, remedy);
                    }
                    targets.push(RouteTarget { backend, model, weight: weight.value() });
                }
                // Wrong itself, and reported.
                Some(None) => {}
                None => {
                    let what = format!("there is no backend `{name}`");
                    self.problems.add(mark, what, backends.remedy(&name));
                }
            }
        }
        targets
    }
}
