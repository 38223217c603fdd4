//! What an identity is called here: from the claims of a token, or the names of a certificate.

use std::fmt;

use super::json::{Json, Object};
use super::refused::Refused;

/// Longest name made from an identity: a namespace, a slash and a service account, each as long as
/// Kubernetes lets them be.
const LONGEST: usize = 63 + 1 + 253;

/// Where a claim is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimPath {
    /// Under this name, else under the names that have dots between here.
    Text(String),
    /// Step by step under these names, each as it is.
    Steps(Vec<String>),
}

impl fmt::Display for ClaimPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(path) => out.write_str(path),
            Self::Steps(steps) => out.write_str(&steps.join(" / ")),
        }
    }
}

/// Where the claims are that tell who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimPaths {
    /// The caller's name; the token has to have it.
    pub caller: ClaimPath,
    /// Its groups: the first is the one that it is counted for.
    pub group: Option<ClaimPath>,
    /// Its namespace.
    pub namespace: Option<ClaimPath>,
    /// Its service account.
    pub service_account: Option<ClaimPath>,
    /// Labels, and where their values are.
    pub labels: Vec<(String, ClaimPath)>,
}

/// Who someone has proved to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Proven {
    /// By what: `kubernetes`, `mtls`, or the name of an issuer.
    pub by: String,
    /// As its issuer calls it.
    pub subject: String,
    /// As it is called here unless the configuration has another name for it; empty: nothing but
    /// the configuration can name it.
    pub name: String,
    /// Its groups.
    pub groups: Vec<String>,
    /// Its namespace; empty if nobody said.
    pub namespace: String,
    /// Its service account; empty if nobody said.
    pub service_account: String,
    /// Labels.
    pub labels: Vec<(String, String)>,
    /// The names in its certificate: `uri:…`, `dns:…`.
    pub sans: Vec<String>,
}

impl ClaimPath {
    /// What stands there.
    fn of<'a>(&self, claims: &'a Object) -> Option<&'a Json> {
        match self {
            Self::Text(path) => at(claims, path),
            Self::Steps(steps) => {
                let (last, way) = steps.split_last()?;
                let inside = way.iter().try_fold(claims, |object, step| object.get(step)?.object());
                inside?.get(last)
            }
        }
    }

    /// The names that stand there, one or a list, fit for metrics, logs and the ledger.
    fn names(&self, claims: &Object) -> Result<Vec<String>, Refused> {
        let values: &[Json] = match self.of(claims) {
            None => &[],
            Some(Json::List(values)) => values.as_slice(),
            Some(value) => std::slice::from_ref(value),
        };
        let names = values.iter().map(|value| self.fit(value));
        let mut names: Vec<String> = names.collect::<Result<_, _>>()?;
        names.retain(|name| !name.is_empty());
        Ok(names)
    }

    /// The name that stands there, of a list the first; empty if there is none.
    fn name(&self, claims: &Object) -> Result<String, Refused> {
        match self.of(claims) {
            None => Ok(String::new()),
            Some(Json::List(values)) => {
                values.first().map_or(Ok(String::new()), |value| self.fit(value))
            }
            Some(value) => self.fit(value),
        }
    }

    /// A value that stands there as a name, empty for `null`.
    fn fit(&self, value: &Json) -> Result<String, Refused> {
        name(value).ok_or_else(|| {
            let message = format!(
                "the claim `{self}`, which tells who calls, is too long, or is no text; ask whoever \
                 runs this gateway which claims it goes by"
            );
            Refused::new("token_claims", message)
        })
    }
}

fn at<'a>(claims: &'a Object, path: &str) -> Option<&'a Json> {
    claims.get(path).or_else(|| {
        let (first, rest) = path.split_once('.')?;
        at(claims.get(first)?.object()?, rest)
    })
}

fn name(value: &Json) -> Option<String> {
    match value {
        Json::Null => Some(String::new()),
        Json::Text(text) => fit(text),
        Json::Number(number) if is_exact(*number) => fit(&number.to_string()),
        Json::Bool(value) => Some(value.to_string()),
        Json::Number(_) | Json::List(_) | Json::Map(_) => None,
    }
}

/// Whether no other number reads like this one: whole ones within 2^53 - 1 (RFC 8259 §6).
fn is_exact(number: f64) -> bool {
    number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_991.0
}

/// A text as a name: what may not stand in one is written as its bytes (`%20`), so that no two
/// texts have the same name. `None`: it is too long.
pub(super) fn fit(text: &str) -> Option<String> {
    let mut name = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'-' | b'/' | b':' | b'@' => {
                name.push(char::from(byte));
            }
            _ => name.push_str(&format!("%{byte:02X}")),
        }
        if name.len() > LONGEST {
            return None;
        }
    }
    Some(name)
}

impl ClaimPaths {
    /// Who the claims of a token say it is. The name begins with that of the issuer, so that
    /// nobody is taken for a caller of the configuration, or for another issuer's.
    pub(super) fn read(&self, by: &str, claims: &Object) -> Result<Proven, Refused> {
        let optional = |path: &Option<ClaimPath>| match path {
            Some(path) => path.name(claims),
            None => Ok(String::new()),
        };
        let caller = self.caller.name(claims)?;
        if caller.is_empty() {
            let message =
                format!("the token has no claim `{}`, which tells who calls", self.caller);
            return Err(Refused::new("token_claims", message));
        }
        let label = |(label, path): &(String, ClaimPath)| Ok((label.clone(), path.name(claims)?));
        let labels: Result<Vec<_>, Refused> = self.labels.iter().map(label).collect();
        let mut labels = labels?;
        labels.retain(|(_, value)| !value.is_empty());
        Ok(Proven {
            by: by.to_owned(),
            subject: claims.get("sub").and_then(Json::text).unwrap_or_default().to_owned(),
            name: format!("{by}:{caller}"),
            groups: self.group.as_ref().map_or(Ok(Vec::new()), |path| path.names(claims))?,
            namespace: optional(&self.namespace)?,
            service_account: optional(&self.service_account)?,
            labels,
            sans: Vec::new(),
        })
    }
}

/// Who a ServiceAccount token says it is: its namespace and service account stand in it twice, and
/// have to be the same.
pub(super) fn service_account(by: &str, claims: &Object) -> Result<Proven, Refused> {
    let contradiction = || {
        let message = "the token is not that of a ServiceAccount: `sub` and `kubernetes.io` have to \
                       name the same one";
        Refused::new("token_claims", message)
    };
    let text = |object: &Object, key: &str| Some(object.get(key)?.text()?.to_owned());
    let subject = text(claims, "sub").ok_or_else(contradiction)?;
    let named = claims.get("kubernetes.io").and_then(Json::object).and_then(|named| {
        let account = text(named.get("serviceaccount")?.object()?, "name")?;
        Some((text(named, "namespace")?, account))
    });
    let (namespace, service_account) = named.ok_or_else(contradiction)?;
    let same = subject == format!("system:serviceaccount:{namespace}:{service_account}");
    if !same || !is_name(&namespace, 63) || !is_name(&service_account, 253) {
        return Err(contradiction());
    }
    let name = format!("{namespace}/{service_account}");
    Ok(Proven { by: by.to_owned(), subject, name, namespace, service_account, ..Proven::default() })
}

/// Whether Kubernetes would take this as a name (RFC 1123).
pub(super) fn is_name(name: &str, longest: usize) -> bool {
    let fit =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
    !name.is_empty() && name.len() <= longest && name.bytes().all(fit)
}
