//! What backends are shown.

mod aws;
mod azure;
mod google;
mod oauth;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use providers::vendor::{Header, Vendor};

use super::Resolver;
use crate::config::decode::Field;
use crate::config::problem::Mark;
use crate::config::raw::{RawCredential, RawKinds, RawSecret};
use crate::credential::{Credential, Endpoint, Issuer, SecretSource};

const KINDS: &str = "one of env, file, keys, token, aws, google, azure, oauth, token_exchange";

impl Resolver<'_> {
    /// What the backend `name` of the section at `section` is shown; `region` is the backend's own.
    pub(super) fn credential(
        &mut self,
        (section, name): (Mark, &str),
        raw: Field<RawCredential>,
        vendor: &'static Vendor,
        region: Option<&str>,
    ) -> Option<Credential> {
        let remedy = "credential: { env: NAME } or { file: /path }, or `credential: none`";
        let (mark, raw) = raw.require(section, "credential", remedy, self.problems)?;
        let RawCredential::Of(raw) = raw else { return Some(Credential::none()) };
        let RawKinds { env, file, keys, token, aws, google, azure, oauth, token_exchange } = *raw;
        let secret = match (env, file) {
            (Field::Absent, Field::Absent) => Field::Absent,
            (env, file) => Field::Given(mark, RawSecret { env, file }),
        };
        let places = [
            place(&secret),
            place(&keys),
            place(&token),
            place(&aws),
            place(&google),
            place(&azure),
            place(&oauth),
            place(&token_exchange),
        ];
        match places.into_iter().flatten().collect::<Vec<_>>()[..] {
            [] => {
                self.problems.add(mark, "nothing says what the credential is", KINDS);
                return None;
            }
            [_] => {}
            [.., second] => {
                let mark = second.unwrap_or(mark);
                self.problems.add(mark, "two kinds of credentials for one backend", KINDS);
                return None;
            }
        }
        let forms = vendor.credential();
        if let Some((_, raw)) = secret.given() {
            let source = self.secret(mark, raw)?;
            return Some(Credential::new(forms.stated(), Arc::new(source)));
        }
        if let Some((mark, keys)) = keys.given() {
            return self.keys((mark, name), keys, forms.stated());
        }
        if let Some((mark, raw)) = aws.given() {
            return self.aws(mark, raw, vendor, region);
        }
        let issuer = if let Some((mark, raw)) = token.given() {
            let source = self.secret(mark, raw)?;
            let forms = self.token_forms(mark, vendor)?;
            return Some(Credential::new(forms, Arc::new(source)));
        } else if let Some((mark, raw)) = google.given() {
            (mark, Issuer::Google(self.google(mark, raw, vendor)?))
        } else if let Some((mark, raw)) = azure.given() {
            (mark, Issuer::Azure(self.azure(mark, raw, vendor)?))
        } else if let Some((mark, raw)) = oauth.given() {
            (mark, Issuer::OAuth(self.oauth(mark, raw)?))
        } else {
            let (mark, raw) = token_exchange.given()?;
            (mark, Issuer::OAuth(self.token_exchange(mark, raw)?))
        };
        Some(Credential::token(self.token_forms(issuer.0, vendor)?, issuer.1))
    }

    /// How a vendor is shown an access token, if it takes one.
    fn token_forms(&mut self, mark: Mark, vendor: &'static Vendor) -> Option<&'static [Header]> {
        let forms = vendor.credential().token();
        if forms.is_empty() {
            let what = format!("{} takes no access token", vendor.title());
            self.problems.add(mark, what, "another kind of credential, such as { env: NAME }");
            return None;
        }
        Some(forms)
    }

    fn keys(
        &mut self,
        (mark, name): (Mark, &str),
        raw: Vec<Field<RawSecret>>,
        forms: &'static [Header],
    ) -> Option<Credential> {
        if raw.is_empty() {
            self.problems.add(mark, "`keys` is empty", "keys: [{ env: NAME }, { file: /path }]");
        }
        let count = raw.len();
        let mut sources: Vec<Arc<SecretSource>> = Vec::new();
        for (mark, raw) in raw.into_iter().filter_map(Field::given) {
            let Some(source) = self.secret(mark, raw) else { continue };
            if sources.iter().any(|other| other.current() == source.current()) {
                self.problems.add(mark, "this key is there twice", "another key, or one less");
            }
            sources.push(Arc::new(source));
        }
        (count > 0 && sources.len() == count).then(|| Credential::keys(name, forms, sources))
    }

    /// A URL that secrets may be sent to.
    fn endpoint(&mut self, raw: Field<String>) -> Option<Endpoint> {
        let (mark, url) = raw.given()?;
        let parsed = Endpoint::parse(&url);
        parsed
            .map_err(|error| {
                let remedy = "https://idp.example.com/oauth2/token";
                self.problems.add(mark, error.to_string(), remedy);
            })
            .ok()
    }

    /// A file with a token that is read again each time it is needed.
    fn token_file(&mut self, mark: Mark, written: &str) -> Option<PathBuf> {
        self.found(mark, Path::new(written), self.path(written))
    }
}

/// Where a key stands that is there, rightly or wrongly; of a wrong one that is reported already.
fn place<T>(field: &Field<T>) -> Option<Option<Mark>> {
    match field {
        Field::Absent => None,
        Field::Wrong => Some(None),
        Field::Given(mark, _) => Some(Some(*mark)),
    }
}
