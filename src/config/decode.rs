//! From YAML nodes to typed fields, going on after every mistake so that all of them are reported.

use super::node::{Kind, Node};
use super::problem::{Mark, Problems};
use super::suggest::suggest;
use super::value::unknown;

/// What a key of the file holds.
#[derive(Clone, Debug)]
pub(super) enum Field<T> {
    /// The key is not there.
    Absent,
    /// It holds something else than it should; that is reported already.
    Wrong,
    /// A value, and where it stands.
    Given(Mark, T),
}

/// A list whose entries were read one by one.
pub(super) type List<T> = Vec<Field<T>>;

/// A mapping from names that the operator chose.
pub(super) type Named<T> = Vec<(Mark, String, Field<T>)>;

/// A type that can be read from a node.
pub(super) trait Decode: Sized {
    /// Reads it, or reports why not. `key` is what the file calls it.
    fn decode(node: &Node, key: &str, problems: &mut Problems) -> Option<Self>;
}

/// A type that is written as one word or number.
pub(super) trait Scalar: Sized {
    /// What may be written, for `write instead`.
    fn expected() -> String;

    /// Reads it, or says what is wrong with it, to follow after "`key` ".
    ///
    /// The message must not quote a text that may be a secret.
    fn parse(text: &str) -> Result<Self, String>;
}

impl<T: Scalar> Decode for T {
    fn decode(node: &Node, key: &str, problems: &mut Problems) -> Option<Self> {
        let what = match &node.kind {
            Kind::Scalar(text) => match Self::parse(text) {
                Ok(value) => return Some(value),
                Err(what) => what,
            },
            kind => format!("holds {}, not a single value", kind.name()),
        };
        problems.add(node.mark, format!("`{key}` {what}"), Self::expected());
        None
    }
}

impl<T: Decode> Decode for List<T> {
    fn decode(node: &Node, key: &str, problems: &mut Problems) -> Option<Self> {
        let Kind::List(items) = &node.kind else {
            let what = format!("`{key}` holds {}, not a list", node.kind.name());
            problems.add(node.mark, what, format!("{key}: [ … ]"));
            return None;
        };
        Some(items.iter().map(|item| Field::read(item, key, problems)).collect())
    }
}

/// One text, or a list of them.
#[derive(Clone, Debug)]
pub(super) struct Texts(pub List<String>);

impl Decode for Texts {
    fn decode(node: &Node, key: &str, problems: &mut Problems) -> Option<Self> {
        let Kind::List(items) = &node.kind else {
            return Some(Self(vec![Field::read(node, key, problems)]));
        };
        if items.is_empty() {
            problems.add(node.mark, format!("`{key}` is empty"), "a name, or a list of names");
        }
        List::decode(node, key, problems).map(Self)
    }
}

/// A type that is written as one of a few words, or as one key with a value.
pub(super) trait Choice: Clone + Sized + 'static {
    /// The words.
    const WORDS: &'static [(&'static str, Self)];
    /// The key.
    const KEY: &'static str;
    /// Both, for `write instead`.
    const EXPECTED: &'static str;
    /// What the key holds.
    type Value: Decode;

    /// What it stands for with this value.
    fn with(value: Self::Value) -> Self;
}

/// A [`Choice`] as it is written.
#[derive(Clone, Debug)]
pub(super) struct Chosen<C>(pub C);

impl<C: Choice> Decode for Chosen<C> {
    fn decode(node: &Node, key: &str, problems: &mut Problems) -> Option<Self> {
        let what = match &node.kind {
            Kind::Scalar(text) => {
                if let Some((_, choice)) = C::WORDS.iter().find(|(word, _)| word == text) {
                    return Some(Self(choice.clone()));
                }
                let words = C::WORDS.iter().map(|(word, _)| *word).chain([C::KEY]);
                unknown(text, words)
            }
            Kind::Map(_) => {
                let keys = Keys::of(node, key, &[C::KEY], problems)?;
                let value = keys.take(C::KEY, problems);
                let absent = matches!(value, Field::Absent);
                if !absent || !keys.entries.is_empty() {
                    return value.value().map(C::with).map(Self);
                }
                "is empty".to_owned()
            }
            kind => format!("holds {}", kind.name()),
        };
        problems.add(node.mark, format!("`{key}` {what}"), C::EXPECTED);
        None
    }
}

impl<T: Decode> Decode for Named<T> {
    fn decode(node: &Node, key: &str, problems: &mut Problems) -> Option<Self> {
        let Kind::Map(entries) = &node.kind else {
            let what = format!("`{key}` holds {}, not names with what they stand for", {
                node.kind.name()
            });
            problems.add(node.mark, what, format!("{key}: {{ name: {{ … }} }}"));
            return None;
        };
        let read = entries.iter().map(|entry| {
            let value = Field::read(&entry.value, &entry.key, problems);
            (entry.mark, entry.key.clone(), value)
        });
        Some(read.collect())
    }
}

impl<T> Field<T> {
    /// The value and its place, if there is one.
    pub(super) fn given(self) -> Option<(Mark, T)> {
        match self {
            Self::Given(mark, value) => Some((mark, value)),
            Self::Absent | Self::Wrong => None,
        }
    }

    /// The value, if there is one.
    pub(super) fn value(self) -> Option<T> {
        self.given().map(|(_, value)| value)
    }

    /// The value, if there is one.
    pub(super) const fn peek(&self) -> Option<&T> {
        match self {
            Self::Given(_, value) => Some(value),
            Self::Absent | Self::Wrong => None,
        }
    }

    /// The value, or `default` where there is none.
    pub(super) fn or(self, default: T) -> T {
        self.value().unwrap_or(default)
    }

    /// The value and its place; its absence from the section at `section` is reported.
    pub(super) fn require(
        self,
        section: Mark,
        key: &str,
        remedy: &str,
        problems: &mut Problems,
    ) -> Option<(Mark, T)> {
        if let Self::Absent = self {
            problems.add(section, format!("`{key}` is missing"), remedy);
        }
        self.given()
    }
}

impl<T: Decode> Field<T> {
    pub(super) fn read(node: &Node, key: &str, problems: &mut Problems) -> Self {
        if let Kind::Alias = node.kind {
            return Self::Wrong;
        }
        match T::decode(node, key, problems) {
            Some(value) => Self::Given(node.mark, value),
            None => Self::Wrong,
        }
    }
}

/// The keys of one section of the file.
pub(super) struct Keys<'n> {
    entries: &'n [super::node::Entry],
}

impl<'n> Keys<'n> {
    /// The keys of `node`, all of which must be among `known`.
    pub(super) fn of(
        node: &'n Node,
        key: &str,
        known: &[&str],
        problems: &mut Problems,
    ) -> Option<Self> {
        let Kind::Map(entries) = &node.kind else {
            let what = format!("`{key}` holds {}, not keys and values", node.kind.name());
            problems.add(node.mark, what, format!("{{ {} }}", known.join(": …, ") + ": …"));
            return None;
        };
        for entry in entries.iter().filter(|entry| !known.contains(&entry.key.as_str())) {
            let what = format!("unknown key `{}` in `{key}`", entry.key);
            let remedy = suggest(&entry.key, known.iter().copied())
                .map_or_else(|| format!("one of {}", known.join(", ")), str::to_owned);
            problems.add(entry.mark, what, remedy);
        }
        Some(Self { entries })
    }

    /// The value of `key`.
    pub(super) fn take<T: Decode>(&self, key: &str, problems: &mut Problems) -> Field<T> {
        let Some(entry) = self.entries.iter().find(|entry| entry.key == key) else {
            return Field::Absent;
        };
        if let Kind::Null = entry.value.kind {
            problems.add(entry.mark, format!("`{key}` has no value"), "a value, or leave it out");
            return Field::Wrong;
        }
        Field::read(&entry.value, key, problems)
    }
}

/// Declares a section of the file: a struct of fields under the names of its keys. A key that is a
/// word of Rust's stands behind its field: `calls as "match": …`.
macro_rules! section {
    (@key $field:ident) => { stringify!($field) };
    (@key $field:ident $key:literal) => { $key };
    ($(#[$doc:meta])* $name:ident {
        $($(#[$field_doc:meta])* $field:ident $(as $key:literal)?: $type:ty,)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub(in crate::config) struct $name {
            $($(#[$field_doc])* pub $field: $crate::config::decode::Field<$type>,)*
        }

        impl $name {
            /// The keys of this section.
            pub(in crate::config) const KEYS: &'static [&'static str] =
                &[$(section!(@key $field $($key)?)),*];

            /// Reads the section from a mapping.
            fn from_map(
                node: &$crate::config::node::Node,
                key: &str,
                problems: &mut $crate::config::problem::Problems,
            ) -> Option<Self> {
                let keys = $crate::config::decode::Keys::of(node, key, Self::KEYS, problems)?;
                Some(Self { $($field: keys.take(section!(@key $field $($key)?), problems),)* })
            }

            /// Which keys this one does not hold.
            #[cfg(test)]
            pub(in crate::config) fn absent(&self) -> std::collections::BTreeSet<&'static str> {
                let mut absent = std::collections::BTreeSet::new();
                $(if let $crate::config::decode::Field::Absent = self.$field {
                    absent.insert(section!(@key $field $($key)?));
                })*
                absent
            }
        }
    };
}
pub(super) use section;

/// Sections that are always mappings.
macro_rules! read_from_map {
    ($($name:ident)*) => {
        $(impl $crate::config::decode::Decode for $name {
            fn decode(
                node: &$crate::config::node::Node,
                key: &str,
                problems: &mut $crate::config::problem::Problems,
            ) -> Option<Self> {
                Self::from_map(node, key, problems)
            }
        })*
    };
}
pub(super) use read_from_map;
