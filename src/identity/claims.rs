//! What an identity is called here: from the claims of a token, or the names of a certificate.

use super::json::{Json, Object};
use super::refused::Refused;

/// Longest name made from an identity: a namespace, a slash and a service account, each as long as
/// Kubernetes lets them be.
const LONGEST: usize = 63 + 1 + 253;

/// Where the claims are that tell who calls. A path is a claim's name, or names with dots between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimPaths {
    /// The caller's name; the token has to have it.
    pub caller: String,
    /// Its group.
    pub group: Option<String>,
    /// Its namespace.
    pub namespace: Option<String>,
    /// Its service account.
    pub service_account: Option<String>,
    /// Labels, and where their values are.
    pub labels: Vec<(String, String)>,
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
    /// Its group; empty if nobody said.
    pub group: String,
    /// Its namespace; empty if nobody said.
    pub namespace: String,
    /// Its service account; empty if nobody said.
    pub service_account: String,
    /// Labels.
    pub labels: Vec<(String, String)>,
    /// The names in its certificate: `uri:…`, `dns:…`.
    pub sans: Vec<String>,
}

/// The value at a path: of a list its first.
fn at<'a>(claims: &'a Object, path: &str) -> Option<&'a Json> {
    let value = claims.get(path).or_else(|| {
        let (first, rest) = path.split_once('.')?;
        at(claims.get(first)?.object()?, rest)
    })?;
    match value {
        Json::List(items) => items.first(),
        value => Some(value),
    }
}

/// The value at a path as a name that is fit for metrics, logs and the ledger; empty if there is
/// none.
fn named(claims: &Object, path: &str) -> Result<String, Refused> {
    match at(claims, path) {
        None | Some(Json::Null) => Ok(String::new()),
        Some(Json::Text(text)) => fit(text),
        Some(Json::Number(number)) if is_exact(*number) => fit(&number.to_string()),
        Some(Json::Bool(value)) => Ok(value.to_string()),
        Some(Json::Number(_) | Json::List(_) | Json::Map(_)) => Err(unfit()),
    }
}

/// Whether no other number reads like this one: whole ones within 2^53 - 1 (RFC 8259 §6).
fn is_exact(number: f64) -> bool {
    number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_991.0
}

fn unfit() -> Refused {
    let message = "a claim that tells who calls is too long, or is no text; ask whoever runs \
                   this gateway which claims it goes by";
    Refused::new("token_claims", message)
}

/// A text as a name: what may not stand in one is written as its bytes (`%20`), so that no two
/// texts have the same name.
pub(super) fn fit(text: &str) -> Result<String, Refused> {
    let mut name = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'-' | b'/' | b':' | b'@' => {
                name.push(char::from(byte));
            }
            _ => name.push_str(&format!("%{byte:02X}")),
        }
        if name.len() > LONGEST {
            return Err(unfit());
        }
    }
    Ok(name)
}

impl ClaimPaths {
    /// Who the claims of a token say it is. The name begins with that of the issuer, so that
    /// nobody is taken for a caller of the configuration, or for another issuer's.
    pub(super) fn read(&self, by: &str, claims: &Object) -> Result<Proven, Refused> {
        let optional = |path: &Option<String>| match path {
            Some(path) => named(claims, path),
            None => Ok(String::new()),
        };
        let caller = named(claims, &self.caller)?;
        if caller.is_empty() {
            let message =
                format!("the token has no claim `{}`, which tells who calls", self.caller);
            return Err(Refused::new("token_claims", message));
        }
        let label = |(label, path): &(String, String)| Ok((label.clone(), named(claims, path)?));
        let labels: Result<Vec<_>, Refused> = self.labels.iter().map(label).collect();
        let mut labels = labels?;
        labels.retain(|(_, value)| !value.is_empty());
        Ok(Proven {
            by: by.to_owned(),
            subject: claims.get("sub").and_then(Json::text).unwrap_or_default().to_owned(),
            name: format!("{by}:{caller}"),
            group: optional(&self.group)?,
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
