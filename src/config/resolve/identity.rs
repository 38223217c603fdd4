//! Who is believed about who calls.

use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use sha2::{Digest, Sha256};

use super::{Resolver, Seen};
use crate::config::decode::{Field, List, Texts};
use crate::config::problem::Mark;
use crate::config::raw::{
    RawCaller, RawClaims, RawIdentity, RawJwks, RawJwt, RawKubernetes, RawMtls, RawProof,
    RawReview, RawSecret,
};
use crate::fetch::Fetcher;
use crate::identity::{
    Certificates, ClaimPath, ClaimPaths, Issuer, KUBERNETES, KeySource, Keyring, MTLS, Pattern,
    Review, Server, Tells, Unlisted,
};

/// Words that metrics have for other ways of being recognised.
const TAKEN: [&str; 5] = [KUBERNETES, MTLS, "key", "token", "none"];
/// How often keys are fetched, unless the file says otherwise.
const REFRESH: Duration = Duration::from_secs(300);
/// How long Kubernetes' word on a token holds.
const REVIEWED: Duration = Duration::from_secs(60);
/// How long it counts beyond that while Kubernetes can't be asked.
const STALE: Duration = Duration::from_secs(300);
/// Longest of either.
const A_DAY: Duration = Duration::from_secs(24 * 3600);

/// Who is believed.
#[derive(Default)]
pub(super) struct Believed {
    pub issuers: Vec<Issuer>,
    pub certificates: Option<Certificates>,
    /// What callers' identities may name; `None` if that can't be told, which is reported already.
    names: Option<Vec<String>>,
}

impl Resolver<'_> {
    /// Who is believed; `None` if nobody is. `asked`: a listener asks for certificates; `governed`:
    /// there are rules of access.
    pub(super) fn believed(
        &mut self,
        raw: Field<RawIdentity>,
        callers: &Field<List<RawCaller>>,
        asked: bool,
        governed: bool,
    ) -> Option<Believed> {
        let listing = Listing { callers, governed };
        let (section, raw) = match raw {
            Field::Given(section, raw) => (section, raw),
            Field::Wrong => return Some(Believed::default()),
            Field::Absent => return None,
        };
        let mut believed = Believed { names: names(&raw), ..Believed::default() };
        let RawIdentity { kubernetes, jwt, mtls } = raw;
        let nobody =
            matches!((&kubernetes, &jwt, &mtls), (Field::Absent, Field::Absent, Field::Absent));
        if nobody {
            let what = "`identity` is empty: nobody is believed";
            self.problems.add(section, what, "kubernetes, jwt or mtls");
        }
        let mut taken = Seen::new("the issuer");
        if let Some((section, raw)) = kubernetes.given() {
            let RawKubernetes { issuer, audience, jwks, token_review, unlisted } = raw;
            let review = token_review.given().and_then(|(at, raw)| self.review(at, raw));
            let remedy =
                "jwks: { url: https://kubernetes.default.svc/openid/v1/jwks, ca: …, token: … }";
            if let Field::Absent = jwks {
                self.problems.add(section, "`jwks` is missing", remedy);
            }
            let tells = Tells::ServiceAccount(review);
            let unlisted = self.unlisted(section, unlisted, KUBERNETES, listing);
            let parts =
                Parts { name: KUBERNETES.to_owned(), issuer, audience, jwks, tells, unlisted };
            believed.issuers.extend(self.issuer(section, parts, &mut taken));
        }
        let mut names = Seen::new("the name");
        for (section, raw) in self.entries(jwt, "jwt", "jwt: [{ name: corp, … }]", None) {
            let RawJwt { name, issuer, audience, jwks, claims, unlisted } = raw;
            let remedy = "name: corp";
            let Some((at, name)) = name.require(section, "name", remedy, self.problems) else {
                continue;
            };
            self.check_name(at, &name, "name");
            names.check(at, &name, "another name", self.problems);
            if TAKEN.contains(&&*name) || name.contains([':', '*']) {
                let what = format!("`{name}` can't be the name of an issuer");
                self.problems.add(at, what, "a name of your own, without `:` and `*`");
            }
            let claims = claims.given().map(|(_, claims)| self.claims(claims));
            let tells = Tells::Claims(claims.unwrap_or_else(claim_paths));
            let unlisted = self.unlisted(section, unlisted, &name, listing);
            let parts = Parts { name, issuer, audience, jwks, tells, unlisted };
            believed.issuers.extend(self.issuer(section, parts, &mut taken));
        }
        if let Some((section, raw)) = mtls.given() {
            let RawMtls { trust_domains, unlisted } = raw;
            if !asked {
                let what = "`mtls` without a listener that asks for certificates";
                self.problems.add(section, what, "listeners: [{ tls: { client_ca: … } }]");
            }
            let trust_domains = self.trust_domains(trust_domains);
            let unlisted = self.unlisted(section, unlisted, MTLS, listing);
            believed.certificates = Some(Certificates { trust_domains, unlisted });
        }
        Some(believed)
    }

    /// What becomes of identities that `callers` does not list. Where nothing is said and none is
    /// listed, rules of access say who may do what; without those, nobody could call.
    fn unlisted(
        &mut self,
        section: Mark,
        raw: Field<Unlisted>,
        issuer: &str,
        Listing { callers, governed }: Listing<'_>,
    ) -> Unlisted {
        if let Field::Given(_, unlisted) = raw {
            return unlisted;
        }
        let mut listed = callers.peek().into_iter().flatten().filter_map(Field::peek);
        // What is wrong is reported where it stands.
        let wrong = matches!(callers, Field::Wrong)
            || callers.peek().into_iter().flatten().any(|caller| matches!(caller, Field::Wrong));
        let any = wrong
            || listed.any(|caller| match &caller.identity {
                Field::Given(_, proof) => match proof.issuer.peek() {
                    Some(named) => named == issuer,
                    // Certificates alone have names.
                    None if !absent(&proof.san) => issuer == MTLS,
                    // Of those of a `jwt` none fits that does not name it.
                    None => [KUBERNETES, MTLS].contains(&issuer),
                },
                Field::Wrong => true,
                Field::Absent => false,
            });
        match (any, governed, raw) {
            (false, true, _) => Unlisted::Allow,
            (true, _, _) | (_, _, Field::Wrong) => Unlisted::Refuse,
            (false, false, _) => {
                let what =
                    format!("nobody may call by `{issuer}`: no caller has such an `identity`");
                let remedy = "callers: [{ name: …, identity: { … } }], or `unlisted: allow`, which \
                              lets in everyone who proves who they are";
                self.problems.add(section, what, remedy);
                Unlisted::Refuse
            }
        }
    }

    fn issuer(&mut self, section: Mark, parts: Parts, taken: &mut Seen) -> Option<Issuer> {
        let Parts { name, issuer, audience, jwks, tells, unlisted } = parts;
        let remedy = "issuer: https://… (the claim `iss` of its tokens)";
        let issuer = issuer.require(section, "issuer", remedy, self.problems);
        if let Some((at, issuer)) = &issuer {
            taken.check(*at, issuer, "each issuer once", self.problems);
        }
        let remedy = "audience: egret (whom its tokens are for)";
        let audience = audience.require(section, "audience", remedy, self.problems);
        let (_, Texts(audiences)) = audience?;
        let audiences = audiences.into_iter().filter_map(Field::value).collect();
        let (at, issuer) = issuer?;
        let jwks = match jwks {
            Field::Absent => (section, RawJwks::absent_all()),
            jwks => jwks.given()?,
        };
        let keyring = Arc::new(self.keyring(&name, (at, &issuer), jwks)?);
        Some(Issuer { name, issuer, audiences, keyring, tells, unlisted })
    }

    /// Where an issuer's keys are: in a file, at a URL, or wherever it says itself.
    fn keyring(
        &mut self,
        name: &str,
        (issuer_at, issuer): (Mark, &str),
        (section, raw): (Mark, RawJwks),
    ) -> Option<Keyring> {
        let RawJwks { url, file, ca, token, refresh } = raw;
        let mut hash = Sha256::new();
        let (at, source) = if let Some((at, path)) = file.given() {
            let fetched = [absent(&url), absent(&ca), absent(&token), absent(&refresh)];
            if fetched.contains(&false) {
                let what = "keys in a `file` are not fetched";
                self.problems.add(section, what, "`file` alone, or no `file`");
            }
            let bytes = self.read(at, &path)?;
            hash.update("file");
            hash.update(&bytes);
            (at, KeySource::File(bytes))
        } else {
            let refresh = refresh.or(REFRESH);
            hash.update(refresh.as_nanos().to_le_bytes());
            let server = self.server(ca, token, &mut hash)?;
            match url.given() {
                Some((at, url)) => {
                    self.check_https(at, &url);
                    hash.update("url");
                    hash.update(&url);
                    (at, KeySource::Url { url, server, refresh })
                }
                None => {
                    self.check_https(issuer_at, issuer);
                    hash.update("discovery");
                    hash.update(issuer);
                    let issuer = issuer.to_owned();
                    (issuer_at, KeySource::Discovery { issuer, server, refresh })
                }
            }
        };
        let keyring = Keyring::new(source, name, hash.finalize().into());
        let report = |what: &str| {
            let remedy = "a JSON Web Key Set: {\"keys\": [ … ]}";
            self.problems.add(at, format!("the file holds no keys: {what}"), remedy);
        };
        keyring.map_err(report).ok()
    }

    /// Whom to ask, and what to show. What the answer depends on goes into `hash`.
    fn server(
        &mut self,
        ca: Field<String>,
        token: Field<RawSecret>,
        hash: &mut Sha256,
    ) -> Option<Server> {
        if let Some(secret) = token.peek() {
            let place = [&secret.env, &secret.file].map(|place| place.peek().cloned());
            hash.update(format!("{place:?}"));
        }
        let token = token.given().and_then(|(mark, raw)| self.secret(mark, raw)).map(Arc::new);
        let (at, pem) = match ca {
            Field::Wrong => return None,
            Field::Absent => (None, None),
            Field::Given(at, path) => (Some(at), Some(self.ca_pem(at, &path)?)),
        };
        hash.update(pem.as_deref().unwrap_or_default());
        match Fetcher::new(pem.as_deref()) {
            Ok(fetcher) => Some(Server::new(fetcher, token)),
            Err(error) => {
                let at = at.unwrap_or(Mark { line: 1, column: 1 });
                self.problems.add(at, error.to_string(), "a PEM file of CA certificates");
                None
            }
        }
    }

    fn review(&mut self, section: Mark, raw: RawReview) -> Option<Arc<Review>> {
        let RawReview { url, ca, token, cache, stale } = raw;
        let remedy = "url: https://kubernetes.default.svc";
        let url = url.require(section, "url", remedy, self.problems);
        if let Some((at, url)) = &url {
            self.check_https(*at, url);
        }
        if let Field::Absent = token {
            let remedy = "token: { file: /var/run/secrets/kubernetes.io/serviceaccount/token }";
            self.problems.add(section, "`token` is missing", remedy);
        }
        let mut hash = Sha256::new();
        let server = self.server(ca, token, &mut hash);
        let (_, url) = url?;
        let holds = self.bounded(cache, "cache").unwrap_or(REVIEWED);
        let stale = self.bounded(stale, "stale").unwrap_or(STALE);
        hash.update(format!("{url}\n{holds:?}\n{stale:?}"));
        let review = Review::new(&url, server?, holds, stale, hash.finalize().into());
        Some(Arc::new(review))
    }

    /// For how long an answer of Kubernetes' may count: no token of a deleted pod for ever.
    fn bounded(&mut self, time: Field<Duration>, key: &str) -> Option<Duration> {
        let (at, time) = time.given()?;
        if time > A_DAY {
            let what = format!("`{key}` is longer than a day");
            self.problems.add(at, what, format!("{key}: 1h, or less"));
        }
        Some(time)
    }

    /// Keys that come unprotected could be anyone's.
    fn check_https(&mut self, mark: Mark, url: &str) {
        let uri = url.parse::<Uri>().ok();
        let good = uri.is_some_and(|uri| uri.scheme_str() == Some("https") && uri.host().is_some());
        if !good {
            let what = "this is not a URL that begins with https://";
            self.problems.add(mark, what, "https://…, or keys in a `file`");
        }
    }

    fn claims(&mut self, raw: RawClaims) -> ClaimPaths {
        let RawClaims { caller, group, namespace, service_account, labels } = raw;
        let mut paths = Vec::new();
        for (mark, label, path) in labels.value().unwrap_or_default() {
            self.check_name(mark, &label, "the name of a label");
            paths.extend(path.value().map(|path| (label, path)));
        }
        ClaimPaths {
            caller: caller.value().unwrap_or_else(subject),
            group: group.value(),
            namespace: namespace.value(),
            service_account: service_account.value(),
            labels: paths,
        }
    }

    fn trust_domains(&mut self, raw: Field<Texts>) -> Vec<String> {
        let mut domains = Vec::new();
        let given = raw.value().map(|texts| texts.0).into_iter().flatten();
        for (at, domain) in given.filter_map(Field::given) {
            let fit = |byte: u8| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte)
            };
            if domain.len() > 255 || !domain.bytes().all(fit) {
                let what = format!("`{domain}` is not a trust domain");
                self.problems.add(at, what, "a name such as cluster.local");
            }
            domains.push(domain);
        }
        domains
    }

    /// The identity that a caller has to prove.
    pub(super) fn proof(
        &mut self,
        section: Mark,
        raw: RawProof,
        believed: Option<&Believed>,
    ) -> Pattern {
        let RawProof { issuer, subject, service_account, san } = raw;
        let given = [&issuer, &subject, &service_account, &san];
        if given.into_iter().all(absent) {
            let what = "`identity` is empty: it would be everyone's";
            self.problems.add(section, what, "service_account, subject, san or issuer");
        }
        if believed.is_none() {
            let what = "nobody is believed about identities: there is no `identity` at the top";
            self.problems.add(section, what, "identity: { kubernetes: … }, jwt or mtls");
        }
        let names = believed.and_then(|believed| believed.names.as_ref());
        if let (Field::Given(at, name), Some(names)) = (&issuer, names)
            && !names.contains(name)
        {
            let what = format!("`{name}` is not believed about identities");
            self.problems.add(*at, what, "kubernetes, mtls, or the name of a `jwt`");
        }
        // What an issuer calls its subjects says nothing about another's.
        if let (Field::Given(at, _), Field::Absent) = (&subject, &issuer) {
            let what = "`subject` without `issuer`: another issuer's could have the same";
            self.problems.add(*at, what, "issuer: kubernetes, mtls, or the name of a `jwt`");
        }
        if let (Field::Given(_, name), Field::Given(at, _)) = (&issuer, &san)
            && name != MTLS
        {
            let what = format!("`san` is a name of certificates, and `{name}` has none");
            self.problems.add(*at, what, "issuer: mtls, or no `san`");
        }
        if let Field::Given(at, account) = &service_account {
            let parts: Vec<&str> = account.split('/').collect();
            let fit = matches!(*parts, [namespace, name]
                if !namespace.is_empty() && !namespace.contains('*')
                    && !name.is_empty() && (name == "*" || !name.contains('*')));
            if !fit {
                let what = format!("`{account}` is not a namespace and a service account");
                self.problems.add(*at, what, "shop/checkout, or shop/*");
            }
        }
        if let Field::Given(at, san) = &san {
            let name = san.strip_prefix("uri:").or_else(|| san.strip_prefix("dns:"));
            if name.is_none_or(|name| name.is_empty() || name.contains('*')) {
                let what = format!("`{san}` is not a name of a certificate");
                self.problems.add(
                    *at,
                    what,
                    "uri:spiffe://cluster.local/ns/shop/sa/checkout or dns:checkout.internal",
                );
            }
        }
        Pattern {
            issuer: issuer.value(),
            subject: subject.value(),
            service_account: service_account.value(),
            san: san.value(),
        }
    }
}

/// What says who of those that are believed may call.
#[derive(Clone, Copy)]
struct Listing<'a> {
    callers: &'a Field<List<RawCaller>>,
    /// There are rules of access.
    governed: bool,
}

/// What an issuer is made of.
struct Parts {
    name: String,
    issuer: Field<String>,
    audience: Field<Texts>,
    jwks: Field<RawJwks>,
    tells: Tells,
    unlisted: Unlisted,
}

impl RawJwks {
    /// One of which nothing is given.
    const fn absent_all() -> Self {
        Self {
            url: Field::Absent,
            file: Field::Absent,
            ca: Field::Absent,
            token: Field::Absent,
            refresh: Field::Absent,
        }
    }
}

/// Whom a section names, also where the rest of it is wrong; `None` if a name is.
fn names(RawIdentity { kubernetes, jwt, mtls }: &RawIdentity) -> Option<Vec<String>> {
    let fixed = [(absent(kubernetes), KUBERNETES), (absent(mtls), MTLS)];
    let fixed = fixed.into_iter().filter(|(absent, _)| !absent);
    let mut names: Vec<String> = fixed.map(|(_, name)| name.to_owned()).collect();
    for jwt in given(jwt)?.into_iter().flatten() {
        names.extend(given(&jwt.peek()?.name)?.cloned());
    }
    Some(names)
}

/// What a key holds, if it is there; `None` if that is wrong.
const fn given<T>(field: &Field<T>) -> Option<Option<&T>> {
    match field {
        Field::Given(_, value) => Some(Some(value)),
        Field::Absent => Some(None),
        Field::Wrong => None,
    }
}

/// The claim that tells who calls unless the file names another.
fn subject() -> ClaimPath {
    ClaimPath::Text("sub".to_owned())
}

fn claim_paths() -> ClaimPaths {
    ClaimPaths {
        caller: subject(),
        group: None,
        namespace: None,
        service_account: None,
        labels: Vec::new(),
    }
}

const fn absent<T>(field: &Field<T>) -> bool {
    matches!(field, Field::Absent)
}
