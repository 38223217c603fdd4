//! Whom and what a call is counted against.

use std::{borrow::Cow, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::Invalid;

/// Whom and what a call is counted against. What is not known is empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct Subject<'a> {
    /// The gateway that was called: several may share their budgets.
    pub gateway: &'a str,
    /// The caller's configured name.
    pub caller: &'a str,
    /// The caller's group (its team).
    pub group: &'a str,
    /// The namespace it runs in.
    pub namespace: &'a str,
    /// The service account it runs under.
    pub service_account: &'a str,
    /// Further labels of the caller, as names and values.
    pub labels: &'a [(String, String)],
    /// The route's name.
    pub route: &'a str,
    /// The backend's configured name.
    pub backend: &'a str,
    /// The vendor behind the backend, by its name in the vendors' table.
    pub provider: &'a str,
    /// The model that is served: of the attempt, after aliases.
    pub model: &'a str,
}

/// Something that a budget may keep a counter for each of, or choose calls by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// The gateway.
    Gateway,
    /// The caller.
    Caller,
    /// The caller's group.
    Group,
    /// The namespace that the caller runs in.
    Namespace,
    /// The service account that it runs under.
    ServiceAccount,
    /// A label of the caller, by its name.
    Label(String),
    /// The route.
    Route,
    /// The backend.
    Backend,
    /// The vendor behind the backend.
    Provider,
    /// The model that is served (not the alias that was asked for).
    Model,
}

impl Dimension {
    /// All but labels, of which there are as many as one likes.
    const NAMED: [Self; 9] = [
        Self::Gateway,
        Self::Caller,
        Self::Group,
        Self::Namespace,
        Self::ServiceAccount,
        Self::Route,
        Self::Backend,
        Self::Provider,
        Self::Model,
    ];

    /// The words that they are written as, but for labels: `label:NAME`.
    pub fn names() -> [&'static str; 9] {
        Self::NAMED.map(|dimension| dimension.word())
    }

    const fn word(&self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Caller => "caller",
            Self::Group => "group",
            Self::Namespace => "namespace",
            Self::ServiceAccount => "service_account",
            Self::Label(_) => "label",
            Self::Route => "route",
            Self::Backend => "backend",
            Self::Provider => "provider",
            Self::Model => "model",
        }
    }

    /// What this is of a call; empty if it is not known.
    pub fn of<'a>(&self, who: &Subject<'a>) -> &'a str {
        match self {
            Self::Gateway => who.gateway,
            Self::Caller => who.caller,
            Self::Group => who.group,
            Self::Namespace => who.namespace,
            Self::ServiceAccount => who.service_account,
            Self::Label(name) => {
                let label = who.labels.iter().find(|(label, _)| label == name);
                label.map_or("", |(_, value)| value)
            }
            Self::Route => who.route,
            Self::Backend => who.backend,
            Self::Provider => who.provider,
            Self::Model => who.model,
        }
    }
}

impl FromStr for Dimension {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if let Some(named) = Self::NAMED.into_iter().find(|it| it.word() == text) {
            return Ok(named);
        }
        match text.strip_prefix("label:") {
            Some(name) if !name.is_empty() => Ok(Self::Label(name.to_owned())),
            _ => {
                let names = Self::names().join(", ");
                Err(Invalid::new(text, format!("one of {names}, label:NAME")))
            }
        }
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())?;
        match self {
            Self::Label(name) => write!(f, ":{name}"),
            _ => Ok(()),
        }
    }
}

/// What a budget keeps a counter for each of: every combination of these, or one in total.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Scope(Vec<Dimension>);

impl Scope {
    /// One counter in all.
    pub const TOTAL: Self = Self(Vec::new());

    /// One counter for each combination of these; of none, one in all.
    pub const fn each(dimensions: Vec<Dimension>) -> Self {
        Self(dimensions)
    }

    /// The combined dimensions; none for a total.
    pub fn dimensions(&self) -> &[Dimension] {
        &self.0
    }

    /// The name of the counter that a call counts in: what the call is in each dimension, with
    /// commas between; empty for a total. A comma in a value is written `%2C`, a percent sign
    /// `%25`, so that no two counters share a name.
    pub fn of<'a>(&self, who: &Subject<'a>) -> Cow<'a, str> {
        match &*self.0 {
            [] => Cow::Borrowed(""),
            [only] => escaped(only.of(who)),
            several => {
                let values: Vec<_> = several.iter().map(|each| escaped(each.of(who))).collect();
                Cow::Owned(values.join(","))
            }
        }
    }
}

fn escaped(value: &str) -> Cow<'_, str> {
    if value.contains([',', '%']) {
        Cow::Owned(value.replace('%', "%25").replace(',', "%2C"))
    } else {
        Cow::Borrowed(value)
    }
}

impl FromStr for Scope {
    type Err = Invalid;

    /// Reads `total`, or dimensions with commas between.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text == "total" {
            return Ok(Self::TOTAL);
        }
        text.split(',').map(|part| part.trim().parse()).collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((first, more)) = self.0.split_first() else { return f.write_str("total") };
        first.fmt(f)?;
        more.iter().try_for_each(|dimension| write!(f, ",{dimension}"))
    }
}

/// Which calls count: those that fit in every dimension that is named. Empty: all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls(pub Vec<(Dimension, Vec<String>)>);

impl Calls {
    /// Whether a call counts. In each named dimension it must be one of the values, of which each
    /// is exact or has one `*` for anything; capitals make no difference in models.
    pub fn count(&self, who: &Subject<'_>) -> bool {
        self.fit(who, &[])
    }

    /// The same of a caller that is in more groups: one of them is enough.
    pub fn fit(&self, who: &Subject<'_>, more_groups: &[String]) -> bool {
        self.0.iter().all(|(dimension, values)| {
            let fold = *dimension == Dimension::Model;
            let is = |value: &String, actual: &str| match fold {
                true => fits(&value.to_ascii_lowercase(), &actual.to_ascii_lowercase()),
                false => fits(value, actual),
            };
            let is_one = |actual: &str| values.iter().any(|value| is(value, actual));
            let more: &[String] = if *dimension == Dimension::Group { more_groups } else { &[] };
            is_one(dimension.of(who)) || more.iter().any(|group| is_one(group))
        })
    }
}

/// Whether this is what a pattern says: exact, or with one `*` for anything.
#[must_use]
pub fn fits(pattern: &str, actual: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == actual,
        Some((start, end)) => {
            actual.len() >= start.len() + end.len()
                && actual.starts_with(start)
                && actual.ends_with(end)
        }
    }
}
