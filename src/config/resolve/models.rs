//! What the operator knows of models, on top of the catalogue.

use providers::catalog::{Catalog, Fact, FactError, Row};

use super::{Resolver, Seen};
use crate::config::decode::{Field, List};
use crate::config::problem::Mark;
use crate::config::raw::{RawFact, RawModel};
use crate::config::suggest::suggest;

impl Resolver<'_> {
    /// The catalogue that comes with the gateway, with the operator's facts over it.
    pub(super) fn catalog(&mut self, raw: Field<List<RawModel>>) -> Catalog {
        let remedy = "models: [{ match: \"my-model-*\", schema: openai, max_output_tokens: 8192 }]";
        let mut seen = Seen::new("the model");
        let mut rows = Vec::new();
        for (section, raw) in self.entries(raw, "models", remedy, None) {
            let RawModel { pattern, schema, facts, on_responses } = raw;
            let pattern = pattern.require(section, "match", "match: \"my-model-*\"", self.problems);
            let schema = schema.require(
                section,
                "schema",
                "schema: openai, claude or gemini",
                self.problems,
            );
            let (Some((mark, pattern)), Some((_, schema))) = (pattern, schema) else { continue };
            self.check_model(mark, &pattern, true);
            seen.check(mark, &format!("{schema} {pattern}"), "it once", self.problems);
            // The catalogue compares small letters.
            let mut row = Row::new(schema, [&*pattern.to_ascii_lowercase()]);
            for RawFact { mark, name, fact } in facts {
                let stated = row.state(&name, fact);
                self.check_fact(mark, stated);
            }
            for RawFact { mark, name, fact } in on_responses {
                let stated = row.state_on_responses(&name, fact);
                self.check_fact(mark, stated);
            }
            rows.push(row);
        }
        Catalog::bundled().with_overrides(rows)
    }

    fn check_fact(&mut self, mark: Mark, stated: Result<(), FactError>) {
        match stated {
            Ok(()) => {}
            Err(FactError::Unknown(name)) => {
                let all = || Fact::names().collect::<Vec<_>>();
                let near = suggest(&name, all());
                let remedy =
                    near.map_or_else(|| format!("one of {}", all().join(", ")), str::to_owned);
                self.problems.add(mark, format!("no model has a `{name}`"), remedy);
            }
            Err(FactError::Wrong { field, expected }) => {
                self.problems.add(mark, format!("`{field}` can't be this"), expected);
            }
        }
    }
}
