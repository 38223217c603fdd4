//! Who may call.

use std::sync::Arc;

use super::{Resolver, Seen};
use crate::config::decode::{Field, List, Named};
use crate::config::problem::Mark;
use crate::config::raw::RawCaller;
use crate::snapshot::{Caller, Callers};

impl Resolver<'_> {
    /// The callers; where none are listed everyone may call, but only if the config says so
    /// (`anonymous`) or nobody else can (no listener is `public`).
    pub(super) fn callers(
        &mut self,
        raw: Field<List<RawCaller>>,
        anonymous: bool,
        public: Option<Mark>,
    ) -> Option<Callers> {
        let remedy = "callers: [{ name: checkout, key: { env: CHECKOUT_KEY } }]";
        if let Field::Absent = raw {
            let Some(mark) = public.filter(|_| !anonymous) else { return Some(Callers::Anyone) };
            let what = "anyone who reaches this address could spend your money: no `callers`";
            let remedy = format!("{remedy}, or an address on 127.0.0.1, or `anonymous: true`");
            self.problems.add(mark, what, remedy);
            return None;
        }
        let mut names = Seen::new("the caller");
        let mut callers: Vec<Arc<Caller>> = Vec::new();
        for (section, raw) in self.entries(raw, "callers", remedy, None) {
            let RawCaller { name, group, namespace, service_account, labels, key, models, paths } =
                raw;
            let name = name.require(section, "name", "name: checkout", self.problems);
            if let Some((mark, name)) = &name {
                self.check_name(*mark, name, "name");
                names.check(*mark, name, "another name", self.problems);
            }
            let group = self.name(group, "group").unwrap_or_default();
            let namespace = self.name(namespace, "namespace").unwrap_or_default();
            let service_account = self.name(service_account, "service_account").unwrap_or_default();
            let labels = self.labels(labels);
            let remedy = "key: { env: NAME } or { file: /path }";
            let key = key.require(section, "key", remedy, self.problems);
            let key = key.and_then(|(mark, raw)| Some((mark, self.secret(mark, raw)?)));
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
            let (Some((_, name)), Some((key_at, key))) = (name, key) else { continue };
            let same = |caller: &&Arc<Caller>| caller.key.current() == key.current();
            if let Some(other) = callers.iter().find(same) {
                let what = format!("`{name}` has the same key as `{}`", other.name);
                self.problems.add(key_at, what, "a key of its own for each caller");
            }
            callers.push(Arc::new(Caller {
                name,
                group,
                namespace,
                service_account,
                labels,
                key: Arc::new(key),
                models,
                paths,
            }));
        }
        Some(Callers::Known(callers))
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
