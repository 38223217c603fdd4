//! Request schemas as tables, and the check of a body against one.
//!
//! A provider's schema is a `static` [`Shape`]; what a table cannot say (a tool result answers a
//! call) is code beside it. Where a body breaks its shape the check returns a [`Violation`], which
//! each provider puts in its own words.

use std::fmt;

use super::json::{Json, same_in_proto};

/// What a value may be.
pub enum Kind {
    /// Anything.
    Any,
    /// A string.
    Text,
    /// `true` or `false`.
    Bool,
    /// A whole number within these bounds, both included.
    Whole(f64, f64),
    /// A number within these bounds, both included.
    Real(f64, f64),
    /// One of these strings.
    Words(&'static [&'static str]),
    /// An object with these fields and no others.
    Object(Shape),
    /// Any object.
    Map,
    /// A list of that, with at least and at most so many items.
    List(&'static Self, usize, usize),
    /// An object whose fields depend on the string in its member of that name; the variant named
    /// `""` is what an object without that member is.
    Tagged(&'static str, &'static [(&'static str, Shape)]),
    /// The first of these whose JSON type fits.
    Either(&'static [Self]),
}

/// The fields of an object.
pub type Shape = &'static [Field];

/// One field of an object.
pub struct Field {
    name: &'static str,
    kind: Kind,
    required: bool,
}

/// A field that must be there.
pub const fn required(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: true }
}

/// A field that may be absent.
pub const fn optional(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: false }
}

/// Stands for any field that its object does not name.
pub const ANYTHING: Field = optional("*", Kind::Any);

/// A whole number from `min` on.
pub const fn at_least(min: i64) -> Kind {
    Kind::Whole(min as f64, f64::MAX)
}

/// A list of any length.
pub const fn list(of: &'static Kind) -> Kind {
    Kind::List(of, 0, usize::MAX)
}

/// How a provider reads JSON and writes a path into it.
pub struct Reader {
    /// snake_case is read as camelCase, and one value as a list of one, as protobuf's JSON does.
    pub proto: bool,
    /// An optional field may be `null`.
    pub null: bool,
    /// Paths are written `messages[0].role`, not `messages.0.role`.
    pub brackets: bool,
}

/// Where a body breaks its shape, and how.
#[derive(Debug, PartialEq)]
pub struct Violation {
    /// The path of the value; for [`What::Unknown`] and [`What::Missing`], of the object around it.
    pub path: String,
    /// What is wrong there.
    pub what: What,
}

/// What is wrong with a value.
#[derive(Debug, PartialEq)]
pub enum What {
    /// A field that the schema does not have.
    Unknown(String),
    /// A required field that is absent.
    Missing(String),
    /// A value of the wrong JSON type: expected, got.
    Type(&'static str, &'static str),
    /// A string outside its list: the list, got.
    Word(Vec<&'static str>, String),
    /// Below the least value: least, got.
    Low(f64, f64),
    /// Above the greatest value: greatest, got.
    High(f64, f64),
    /// A list that is too short: least, got.
    Short(usize, usize),
    /// A list that is too long: most, got.
    Long(usize, usize),
}

/// The way to a value: a list of steps from the value up to the root.
#[derive(Clone, Copy)]
pub enum Path<'p> {
    /// The body itself.
    Root,
    /// A member of the object at the parent path.
    Key(&'p Self, &'p str),
    /// An item of the list at the parent path.
    Index(&'p Self, usize),
}

impl Path<'_> {
    /// The path as text, with or without brackets.
    pub fn write(&self, brackets: bool) -> String {
        match self {
            Self::Root => String::new(),
            Self::Key(Path::Root, key) => (*key).to_owned(),
            Self::Key(parent, key) => format!("{}.{key}", parent.write(brackets)),
            Self::Index(parent, at) if brackets => format!("{}[{at}]", parent.write(brackets)),
            Self::Index(parent, at) => format!("{}.{at}", parent.write(brackets)),
        }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.write(false))
    }
}

impl Reader {
    /// Checks a whole body against the fields of its top level.
    pub fn check(&self, body: &Json<'_>, shape: Shape) -> Result<(), Violation> {
        self.check_all(body, &[shape])
    }

    /// Checks a whole body against the fields of its top level, which stand in several tables.
    pub fn check_all(&self, body: &Json<'_>, shapes: &[Shape]) -> Result<(), Violation> {
        self.object(body, shapes, None, &Path::Root)
    }

    fn value(&self, json: &Json<'_>, kind: &Kind, path: &Path<'_>) -> Result<(), Violation> {
        let fail = |what| Err(Violation { path: path.write(self.brackets), what });
        match (kind, json) {
            (Kind::Any, _) | (Kind::Text, Json::Text(_)) | (Kind::Bool, Json::Bool(_)) => Ok(()),
            (Kind::Map, Json::Object(_)) => Ok(()),
            (Kind::Whole(..), Json::Number(got)) if got.fract() != 0.0 => {
                fail(What::Type("integer", "decimal"))
            }
            (Kind::Whole(min, max) | Kind::Real(min, max), Json::Number(got)) => {
                if got < min {
                    fail(What::Low(*min, *got))
                } else if got > max {
                    fail(What::High(*max, *got))
                } else {
                    Ok(())
                }
            }
            (Kind::Words(words), Json::Text(text)) if !words.contains(&text.as_ref()) => {
                fail(What::Word(words.to_vec(), text.to_string()))
            }
            (Kind::Words(_), Json::Text(_)) => Ok(()),
            (Kind::Object(shape), Json::Object(_)) => self.object(json, &[shape], None, path),
            (Kind::List(of, min, max), Json::List(items)) => {
                if items.len() < *min {
                    return fail(What::Short(*min, items.len()));
                }
                if items.len() > *max {
                    return fail(What::Long(*max, items.len()));
                }
                let each = |(at, item)| self.value(item, of, &Path::Index(path, at));
                items.iter().enumerate().try_for_each(each)
            }
            (Kind::List(of, ..), one @ Json::Object(_)) if self.proto => {
                self.value(one, of, &Path::Index(path, 0))
            }
            (Kind::Tagged(tag, variants), Json::Object(_)) => match json.get(tag) {
                None => match variants.iter().find(|(name, _)| name.is_empty()) {
                    Some((_, shape)) => self.object(json, &[shape], Some(tag), path),
                    None => fail(What::Missing((*tag).to_owned())),
                },
                Some(Json::Text(text)) => {
                    match variants.iter().find(|(name, _)| name == text && !text.is_empty()) {
                        Some((_, shape)) => self.object(json, &[shape], Some(tag), path),
                        None => Err(Violation {
                            path: Path::Key(path, tag).write(self.brackets),
                            what: What::Word(
                                variants
                                    .iter()
                                    .map(|(name, _)| *name)
                                    .filter(|name| !name.is_empty())
                                    .collect(),
                                text.to_string(),
                            ),
                        }),
                    }
                }
                Some(other) => Err(Violation {
                    path: Path::Key(path, tag).write(self.brackets),
                    what: What::Type("string", other.kind()),
                }),
            },
            (Kind::Either(kinds), _) => {
                let fits = |kind: &&Kind| kind.expected() == json_type(json);
                match kinds.iter().find(fits).or(kinds.first()) {
                    Some(kind) => self.value(json, kind, path),
                    None => Ok(()),
                }
            }
            (_, other) => fail(What::Type(kind.expected(), other.kind())),
        }
    }

    fn object(
        &self,
        json: &Json<'_>,
        shapes: &[Shape],
        tag: Option<&str>,
        path: &Path<'_>,
    ) -> Result<(), Violation> {
        let named = |key: &str, name: &str| key == name || self.proto && same_in_proto(key, name);
        let fail = |what| Err(Violation { path: path.write(self.brackets), what });
        for (at, (key, value)) in json.members().iter().enumerate() {
            if Some(key.as_ref()) == tag {
                continue;
            }
            let fits = |field: &&Field| named(key, field.name) || field.name == ANYTHING.name;
            let Some(field) = shapes.iter().copied().flatten().find(fits) else {
                return fail(What::Unknown(key.to_string()));
            };
            if json.members().iter().take(at).any(|(earlier, _)| named(earlier, field.name)) {
                return fail(What::Unknown(format!("{key} (given twice)")));
            }
            if *value == Json::Null && !field.required && self.null {
                continue;
            }
            self.value(value, &field.kind, &Path::Key(path, field.name))?;
        }
        let given = |name| json.members().iter().any(|(key, _)| named(key, name));
        let missing = |field: &&Field| field.required && !given(field.name);
        match shapes.iter().copied().flatten().find(missing) {
            Some(field) => fail(What::Missing(field.name.to_owned())),
            None => Ok(()),
        }
    }
}

impl Kind {
    fn expected(&self) -> &'static str {
        match self {
            Self::Any => "value",
            Self::Text | Self::Words(_) => "string",
            Self::Bool => "boolean",
            Self::Whole(..) => "integer",
            Self::Real(..) => "number",
            Self::Object(_) | Self::Map | Self::Tagged(..) => "object",
            Self::List(..) => "array",
            Self::Either(kinds) => kinds.first().map_or("value", Self::expected),
        }
    }
}

/// The name under which [`Kind::expected`] would accept this value.
fn json_type(json: &Json<'_>) -> &'static str {
    match json.kind() {
        "decimal" => "number",
        other => other,
    }
}
