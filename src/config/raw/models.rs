//! What the operator knows of models, as it is written.

use providers::Schema;
use providers::catalog::Fact;

use crate::config::decode::{Decode, Field, List};
use crate::config::node::{Entry, Kind, Node};
use crate::config::problem::{Mark, Problems};

/// What the operator knows of models.
#[derive(Clone, Debug)]
pub(in crate::config) struct RawModel {
    pub pattern: Field<String>,
    pub schema: Field<Schema>,
    pub facts: Vec<RawFact>,
    /// Those that hold on OpenAI's Responses only.
    pub on_responses: Vec<RawFact>,
}

/// A fact, and where it stands.
#[derive(Clone, Debug)]
pub(in crate::config) struct RawFact {
    pub mark: Mark,
    pub name: String,
    pub fact: Fact,
}

impl Decode for RawModel {
    fn decode(node: &Node, key: &str, problems: &mut Problems) -> Option<Self> {
        let entries = map(node, key, problems)?;
        let mut model = Self {
            pattern: Field::Absent,
            schema: Field::Absent,
            facts: Vec::new(),
            on_responses: Vec::new(),
        };
        for Entry { mark, key, value } in entries {
            match &**key {
                "match" => model.pattern = Field::read(value, key, problems),
                "schema" => model.schema = Field::read(value, key, problems),
                "on_responses" => {
                    let facts = map(value, key, problems).unwrap_or_default();
                    let facts = facts.iter().filter_map(|Entry { mark, key, value }| {
                        RawFact::read(*mark, key, value, problems)
                    });
                    model.on_responses = facts.collect();
                }
                _ => model.facts.extend(RawFact::read(*mark, key, value, problems)),
            }
        }
        Some(model)
    }
}

/// The entries of a mapping.
fn map<'n>(node: &'n Node, key: &str, problems: &mut Problems) -> Option<&'n [Entry]> {
    if let Kind::Map(entries) = &node.kind {
        return Some(entries);
    }
    let what = format!("`{key}` holds {}, not keys and values", node.kind.name());
    problems.add(node.mark, what, "{ max_output_tokens: 8192, … }");
    None
}

impl RawFact {
    fn read(mark: Mark, key: &str, node: &Node, problems: &mut Problems) -> Option<Self> {
        let fact = match &node.kind {
            Kind::Scalar(text) => match (&**text, text.parse()) {
                ("true", _) => Fact::Flag(true),
                ("false", _) => Fact::Flag(false),
                (_, Ok(number)) => Fact::Number(number),
                (word, Err(_)) => Fact::Word(word.to_owned()),
            },
            Kind::List(_) => {
                let words = List::<String>::decode(node, key, problems)?;
                Fact::Words(words.into_iter().filter_map(Field::value).collect())
            }
            kind => {
                let what = format!("`{key}` holds {}", kind.name());
                problems.add(mark, what, "true, false, a number, a word or a list of words");
                return None;
            }
        };
        Some(Self { mark: node.mark, name: key.to_owned(), fact })
    }
}
