//! Which certificates are revoked: lists from files and from URLs.

use std::sync::Arc;
use std::time::Duration;

use http::Uri;

use super::{Resolver, Seen};
use crate::config::decode::{Field, List};
use crate::config::problem::Mark;
use crate::config::raw::RawCrl;
use crate::snapshot::{Depth, Revocation, RevocationList, Stale};

/// How often lists are fetched.
const REFRESH: Duration = Duration::from_secs(3600);
/// The least time between: whoever serves lists serves them to many.
const SOONEST: Duration = Duration::from_secs(1);

impl Resolver<'_> {
    pub(super) fn revocation(&mut self, raw: Field<RawCrl>) -> Option<Revocation> {
        let (section, RawCrl { files, urls, ca, refresh, stale, depth }) = raw.given()?;
        if let (Field::Absent, Field::Absent) = (&files, &urls) {
            let what = "`crl` names no list";
            self.problems.add(section, what, "files: [ca.crl], or urls: [http://…/ca.crl]");
        }
        for (mark, key) in [(place(&refresh), "refresh"), (place(&ca), "ca")] {
            if let (Some(mark), Field::Absent) = (mark, &urls) {
                let what = format!("`{key}` is about `urls`, and there are none");
                self.problems.add(mark, what, format!("urls: [http://…/ca.crl], or no `{key}`"));
            }
        }
        let lists = self.lists(files, "files");
        let urls = self.list_urls(urls);
        if let Some(mark) = place(&ca)
            && !urls.is_empty()
            && urls.iter().all(|url| url.starts_with("http://"))
        {
            let what = "`ca` is trusted for https://, and all `urls` begin with http://";
            self.problems.add(mark, what, "no `ca`");
        }
        let ca = ca.given().map(|(mark, path)| self.ca_pem(mark, &path));
        let refresh = match refresh {
            Field::Given(mark, refresh) if refresh < SOONEST => {
                self.problems.add(mark, "`refresh` is too short", "1s or longer, such as 1h");
                REFRESH
            }
            refresh => refresh.or(REFRESH),
        };
        let ca = match ca {
            None => None,
            Some(ca) => Some(ca?),
        };
        let (stale, depth) = (stale.or(Stale::default()), depth.or(Depth::default()));
        Some(Revocation { lists, urls, ca, refresh, stale, depth })
    }

    /// The lists of all files.
    pub(super) fn lists(
        &mut self,
        raw: Field<List<String>>,
        key: &str,
    ) -> Vec<Arc<RevocationList>> {
        let mut seen = Seen::new("the file");
        let mut lists = Vec::new();
        for (mark, path) in self.entries(raw, key, &format!("{key}: [ca.crl]"), None) {
            seen.check(mark, &path, "it once", self.problems);
            let Some(bytes) = self.read(mark, &path) else { continue };
            match RevocationList::read(&bytes) {
                Ok(read) => lists.extend(read.into_iter().map(Arc::new)),
                Err(error) => {
                    let remedy = "a certificate revocation list (CRL) in PEM or DER";
                    self.problems.add(mark, error.to_string(), remedy);
                }
            }
        }
        lists
    }

    fn list_urls(&mut self, raw: Field<List<String>>) -> Vec<String> {
        let remedy = "http://… or https://…, as certificates name it (CRL Distribution Points)";
        let mut seen = Seen::new("the URL");
        let mut urls = Vec::new();
        for (mark, url) in self.entries(raw, "urls", remedy, None) {
            seen.check(mark, &url, "it once", self.problems);
            if !is_sound(&url) {
                self.problems.add(
                    mark,
                    "this is not a URL that a list can be fetched from",
                    remedy,
                );
            }
            urls.push(url);
        }
        urls
    }
}

fn place<T>(field: &Field<T>) -> Option<Mark> {
    match field {
        Field::Given(mark, _) => Some(*mark),
        Field::Absent | Field::Wrong => None,
    }
}

fn is_sound(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let scheme = matches!(uri.scheme_str(), Some("http" | "https"));
    let host = uri.authority().is_some_and(|a| !a.host().is_empty() && !a.as_str().contains('@'));
    scheme && host && !url.contains('#')
}
