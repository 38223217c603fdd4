//! Everyone who may call, and how they are recognised.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use super::cache::{Cache, Known};
use super::caller::{Caller, Named, Shows, Unlisted};
use super::certificate::{Certificates, ClientTrust, MTLS, Peer};
use super::issuer::{Issuer, Verified};
use super::json::Json;
use super::jwt::Token;
use super::keyring::{KeyStatus, Keyring};
use super::refused::Refused;
use super::series::Mentioned;
use super::table::Hash;
use super::{issuer, server};
use crate::credential::{self, CallerKey, SecretSource};

/// What `method` says of callers with a key of the configuration.
const KEY: &str = "key";
/// What it says of tokens whose issuer is not known.
const TOKEN: &str = "token";
/// What it says where nothing was shown.
const NONE: &str = "none";

/// Everyone who may call.
#[derive(Debug)]
pub struct Directory {
    listed: Vec<Arc<Caller>>,
    keys: Vec<(Arc<SecretSource>, Arc<Caller>)>,
    named: Named,
    issuers: Vec<Issuer>,
    certificates: Option<Certificates>,
    cache: Cache,
    /// Another one for each directory.
    id: u64,
}

/// Who calls, and how that was found out.
#[derive(Debug)]
pub struct Recognised<'a> {
    /// In a word, for metrics: `key`, `mtls`, `kubernetes` or the name of an issuer; `token` if
    /// nobody knows whose, `none` if nothing was shown.
    pub method: &'a str,
    /// Who it is, or why it is nobody.
    pub caller: Result<Arc<Caller>, Refused>,
}

impl Directory {
    /// These callers, and whoever proves to be someone to these issuers or by a certificate;
    /// `mentioned` is what the rules of the configuration name.
    #[must_use]
    pub fn new(
        listed: Vec<(Arc<Caller>, Shows)>,
        issuers: Vec<Issuer>,
        certificates: Option<Certificates>,
        mentioned: Mentioned,
    ) -> Self {
        static DIRECTORIES: AtomicU64 = AtomicU64::new(0);
        let taken = listed.iter().map(|(caller, _)| caller.name.clone()).collect();
        let mut named = Named { callers: Vec::new(), taken, mentioned, series: Arc::default() };
        let mut keys = Vec::new();
        let mut all = Vec::new();
        for (caller, shows) in listed {
            let stands_for = match &shows {
                Shows::Key(_) => None,
                Shows::Identity(pattern) => Some(pattern),
            };
            named.mentioned.caller(&caller, stands_for);
            all.push(caller.clone());
            match shows {
                Shows::Key(key) => keys.push((key, caller)),
                Shows::Identity(pattern) => named.callers.push((pattern, caller)),
            }
        }
        Self {
            listed: all,
            keys,
            named,
            issuers,
            certificates,
            cache: Cache::default(),
            id: DIRECTORIES.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// The callers of the configuration.
    #[must_use]
    pub fn listed(&self) -> &[Arc<Caller>] {
        &self.listed
    }

    /// Whether somebody may call under this name: a caller of the configuration, or an identity that
    /// need not be among them.
    #[must_use]
    pub fn may_know(&self, is_name: impl Fn(&str) -> bool) -> bool {
        let issuers = self.issuers.iter().map(|issuer| issuer.unlisted);
        let mut unlisted = issuers.chain(self.certificates.iter().map(|it| it.unlisted));
        unlisted.any(|unlisted| unlisted == Unlisted::Allow)
            || self.listed.iter().any(|caller| is_name(&caller.name))
    }

    /// Those whose tokens are taken.
    #[must_use]
    pub fn issuers(&self) -> &[Issuer] {
        &self.issuers
    }

    /// How certificates tell who calls, if they do.
    #[must_use]
    pub const fn certificates(&self) -> Option<&Certificates> {
        self.certificates.as_ref()
    }

    /// How the keys of each issuer are.
    pub fn key_status(&self) -> impl Iterator<Item = (&str, KeyStatus)> {
        self.issuers.iter().map(|issuer| (&*issuer.name, issuer.keyring.status()))
    }

    /// The keys that have to be fetched.
    pub fn keyrings(&self) -> impl Iterator<Item = &Arc<Keyring>> {
        self.issuers.iter().map(|issuer| &issuer.keyring)
    }

    /// Every secret that may be rotated.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretSource> {
        let servers = self.issuers.iter().flat_map(|issuer| {
            let review = match &issuer.tells {
                issuer::Tells::ServiceAccount(Some(review)) => Some(review.server()),
                issuer::Tells::ServiceAccount(None) | issuer::Tells::Claims(_) => None,
            };
            issuer.keyring.server().into_iter().chain(review)
        });
        let tokens = servers.filter_map(server::Server::token);
        self.keys.iter().map(|(key, _)| key).chain(tokens).map(|source| &**source)
    }

    /// Takes over what an older directory has fetched and counted, where that is the same.
    pub fn take_over(&mut self, old: &Self) {
        self.named.series = old.named.series.clone();
        for issuer in &mut self.issuers {
            let same = old.keyrings().find(|keyring| keyring.same_source(&issuer.keyring));
            if let Some(same) = same {
                issuer.keyring = same.clone();
            }
            old.issuers.iter().for_each(|older| issuer.take_over(older));
        }
    }

    /// The caller of the configuration who has this key. Compares its hash with every caller's, in
    /// constant time.
    #[must_use]
    pub fn by_key(&self, key: &CallerKey<'_>) -> Option<&Arc<Caller>> {
        let position = credential::find(key.digest(), self.keys.iter().map(|(key, _)| &**key))?;
        self.keys.get(position).map(|(_, caller)| caller)
    }

    /// Who calls with this key or token, and this certificate and the trust it came under.
    ///
    /// A key or token that counts decides. A token that does not count is refused whatever
    /// certificate comes with it; a key that nobody knows is not, since SDKs insist on one: then
    /// the certificate decides.
    pub async fn recognise(
        &self,
        key: Option<&CallerKey<'_>>,
        peer: Option<(&Peer, Option<&ClientTrust>)>,
    ) -> Recognised<'_> {
        if let Some(caller) = key.and_then(|key| self.by_key(key)) {
            return Recognised { method: KEY, caller: Ok(caller.clone()) };
        }
        if let Some(key) = key
            && let Some(token) = key.token()
            && !self.issuers.is_empty()
        {
            let (hash, now) = (key.digest().bytes(), now());
            if let Some(Known { whose, issuer, keys, .. }) = self.cache.get(hash, now)
                && let Some(issuer) = self.issuers.get(issuer)
                && issuer.keyring.version() == keys
            {
                return Recognised { method: &issuer.name, caller: whose };
            }
            // Rarely, and too large to be carried along by every request.
            return Box::pin(self.verify(token, *hash, now)).await;
        }
        match (peer, &self.certificates) {
            (Some((peer, trust)), Some(certificates)) => {
                let name = |proven| self.named.caller(proven, certificates.unlisted);
                let caller = peer.caller(certificates, trust, self.id, name);
                Recognised { method: MTLS, caller }
            }
            _ if key.is_some() => {
                let message = "the key is not known here; ask your platform team for one";
                let caller = Err(Refused::new("unknown_caller", message));
                Recognised { method: KEY, caller }
            }
            _ => Recognised { method: NONE, caller: Err(self.nothing_shown()) },
        }
    }

    fn nothing_shown(&self) -> Refused {
        let token = if self.issuers.is_empty() { "" } else { ", or your token," };
        let message = format!(
            "no key was sent; send the key your platform team gave you{token} where the SDK takes \
             its API key"
        );
        Refused::new("unknown_caller", message)
    }

    async fn verify(&self, text: &[u8], hash: Hash, now: u64) -> Recognised<'_> {
        let refused = |method, refused| Recognised { method, caller: Err(refused) };
        let token = match Token::read(text) {
            Ok(token) => token,
            Err(error) => return refused(TOKEN, error),
        };
        let named = token.claims.get("iss").and_then(Json::text);
        let found = self.issuers.iter().enumerate().find(|(_, it)| named == Some(&*it.issuer));
        let Some((index, issuer)) = found else {
            let message = "the token is of an issuer that is not trusted here; get one from your \
                           platform's";
            return refused(TOKEN, Refused::new("token_issuer", message));
        };
        let caller = match issuer.verify(&token, (text, &hash), now).await {
            Err(error) => Err(error),
            Ok(Verified { proven, keys, until }) => {
                let whose = proven.and_then(|it| self.named.caller(it, issuer.unlisted));
                let known = Known { whose: whose.clone(), issuer: index, keys, until };
                self.cache.put(hash, known, now);
                whose
            }
        };
        Recognised { method: &issuer.name, caller }
    }
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
