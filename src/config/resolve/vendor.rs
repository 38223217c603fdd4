//! Who serves a backend, and where.

use providers::Schema;
use providers::vendor::{ParameterError, Parameters, Paths, Vendor};

use super::Resolver;
use super::origin::{Location, locate};
use crate::config::decode::Field;
use crate::config::problem::Mark;
use crate::config::value::{Api, Dialect};
use crate::snapshot::Origin;

/// What names a place of a vendor, as it is written beside it.
pub(super) struct Place(pub [(&'static str, Field<String>); 6]);

/// Who serves a backend.
#[derive(Clone, Copy)]
pub(super) struct Served {
    pub vendor: &'static Vendor,
    /// Whether the configuration names it, rather than only what it speaks.
    pub named: bool,
}

impl Served {
    /// Whose models it has; Chat stands for both of OpenAI's schemas.
    pub(super) fn schema(self) -> Schema {
        match self.vendor.schemas().next() {
            None | Some(Schema::Chat | Schema::Responses) => Schema::Chat,
            Some(schema) => schema,
        }
    }

    /// In which schemas it can be asked for a model turn. Of a host that is only said to be
    /// compatible with OpenAI, it must be said that it has more than Chat.
    pub(super) fn spoken(self, api: Option<Api>, legacy: bool, origin: &Origin) -> Vec<Schema> {
        let offered: Vec<Schema> = self.vendor.schemas().collect();
        if self.schema() != Schema::Chat {
            return offered;
        }
        let own = origin.host == "api.openai.com" || origin.host.ends_with(".api.openai.com");
        let both = self.named || (own && !legacy);
        match api.unwrap_or(if both { Api::Both } else { Api::Chat }) {
            Api::Chat => vec![Schema::Chat],
            Api::Responses => vec![Schema::Responses],
            Api::Both => offered,
        }
    }
}

impl Resolver<'_> {
    /// Who serves a backend: the vendor that is named, or the one whose own API a schema is.
    pub(super) fn served(
        &mut self,
        section: Mark,
        vendor: Field<&'static Vendor>,
        schema: Field<Schema>,
    ) -> Option<Served> {
        match (vendor, schema) {
            (Field::Given(_, vendor), schema) => {
                if let Field::Given(mark, _) = schema {
                    let what = "`vendor` says already what the backend speaks";
                    self.problems.add(mark, what, "`vendor` without `schema`");
                }
                Some(Served { vendor, named: true })
            }
            (Field::Wrong, _) => None,
            (Field::Absent, schema) => {
                let remedy = "schema: openai, claude or gemini; or a vendor: azure-openai, …";
                let (_, schema) = schema.require(section, "schema", remedy, self.problems)?;
                Some(Served { vendor: Vendor::of(schema)?, named: false })
            }
        }
    }

    /// The paths of a vendor's operations, and where it is.
    pub(super) fn place(
        &mut self,
        section: Mark,
        Served { vendor, .. }: Served,
        place: &Place,
        url: Field<String>,
    ) -> Option<(Paths, Mark, Location)> {
        let given = |(name, value): &(&'static str, Field<String>)| match value {
            Field::Given(_, value) => Some((*name, value.clone())),
            Field::Absent | Field::Wrong => None,
        };
        let parameters: Parameters = place.0.iter().filter_map(given).collect();
        let paths = vendor.paths(&parameters);
        let (mark, url) = match url {
            Field::Given(mark, url) => (mark, Ok(url)),
            Field::Absent => (section, vendor.url(&parameters)),
            Field::Wrong => return None,
        };
        let (paths, url) = match (paths, url) {
            (Ok(paths), Ok(url)) => (paths, url),
            (Err(error), _) | (_, Err(error)) => {
                self.misplaced(section, place, &error);
                return None;
            }
        };
        let example = vendor.url(&parameters);
        let example = example.as_deref().unwrap_or("https://models.example.com/v1");
        let schema = Served { vendor, named: false }.schema();
        match locate(&url, paths.begin_with_version(schema), example) {
            Ok(location) => Some((paths, mark, location)),
            Err((what, remedy)) => {
                self.problems.add(mark, what, remedy);
                None
            }
        }
    }

    fn misplaced(&mut self, section: Mark, place: &Place, error: &ParameterError) {
        let named = place.0.iter().find(|(name, _)| *name == error.name());
        let mark = match named {
            // That one is reported already.
            Some((_, Field::Wrong)) => return,
            Some((_, Field::Given(mark, _))) => *mark,
            Some((_, Field::Absent)) | None => section,
        };
        let (what, remedy) = match error {
            ParameterError::Missing { name, meaning } => {
                (format!("`{name}` is missing"), format!("{name}: {meaning}"))
            }
            ParameterError::Wrong { name, fault, meaning } => {
                (format!("`{name}` {fault}"), format!("{name}: {meaning}"))
            }
            ParameterError::Unknown { name, vendor, known } => {
                (format!("`{name}` is nothing that `{vendor}` asks for"), known.clone())
            }
        };
        self.problems.add(mark, what, remedy);
    }

    pub(super) fn check_api(&mut self, api: &Field<Api>, dialect: &Field<Dialect>, served: Served) {
        let Field::Given(mark, api) = api else { return };
        if served.schema() != Schema::Chat {
            let what = "`api` is for backends of the schema openai, which has two";
            self.problems.add(*mark, what, "schema: openai, or no `api`");
        } else if *api != Api::Chat && matches!(dialect, Field::Given(_, Dialect::Legacy)) {
            let what = "a host of the legacy dialect has no Responses API";
            self.problems.add(*mark, what, "api: chat, or no `dialect`");
        } else if *api != Api::Chat && served.vendor.offer(Schema::Responses).is_none() {
            let what = format!("{} has no Responses API", served.vendor.title());
            self.problems.add(*mark, what, "api: chat, or no `api`");
        }
    }
}
