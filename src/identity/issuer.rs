//! Whoever issues tokens, and what one of its tokens has to be.

use std::sync::Arc;

use super::caller::Unlisted;
use super::claims::{self, ClaimPaths, Proven};
use super::json::{Json, Object};
use super::jwk::Jwks;
use super::jwt::Token;
use super::keyring::Keyring;
use super::refused::Refused;
use super::review::{Review, Word};
use super::table::Hash;

/// What the issuer of ServiceAccount tokens is called.
pub const KUBERNETES: &str = "kubernetes";
/// How far the clocks of two machines may be apart, in seconds.
const LEEWAY: u64 = 30;

/// Whoever issues tokens.
#[derive(Debug)]
pub struct Issuer {
    /// What it is called here: `kubernetes`, or a name of the configuration.
    pub name: String,
    /// What it calls itself: the claim `iss`, letter for letter.
    pub issuer: String,
    /// Whom its tokens have to be for: one of these.
    pub audiences: Vec<String>,
    /// Its keys.
    pub keyring: Arc<Keyring>,
    /// What tells who calls.
    pub tells: Tells,
    /// What becomes of identities that the configuration does not list.
    pub unlisted: Unlisted,
}

/// What in a token tells who calls.
#[derive(Debug)]
pub enum Tells {
    /// A ServiceAccount, and perhaps Kubernetes is asked whether it is still there.
    ServiceAccount(Option<Arc<Review>>),
    /// Claims of the configuration's choice.
    Claims(ClaimPaths),
}

/// A token that holds.
pub(super) struct Verified {
    /// Whose it is; an error only if Kubernetes does not want it any more.
    pub proven: Result<Proven, Refused>,
    /// The version of the keys.
    pub keys: u64,
    /// Until when it need not be looked at again, in seconds since 1970.
    pub until: u64,
}

impl Issuer {
    /// Whether a token holds `now` (seconds since 1970), and whose it is. `text` is the token as it
    /// came, and `hash` that of all of it.
    pub(super) async fn verify(
        &self,
        token: &Token<'_>,
        (text, hash): (&[u8], &Hash),
        now: u64,
    ) -> Result<Verified, Refused> {
        self.check_audience(&token.claims)?;
        let expires = check_times(&token.claims, now)?;
        let version = self.keyring.version();
        let (keys, version) = match self.keyring.keys() {
            Some(keys) if keys.names(token.kid.as_deref()) => (keys, version),
            _ => {
                // It may be newer than what is known of its issuer.
                self.keyring.renewed().await;
                let version = self.keyring.version();
                let keys = self.keyring.keys().ok_or_else(|| {
                    let message = "the keys of whoever issued the token could not be fetched yet, \
                                   so it does not count; try again";
                    Refused::outage("no_keys", message)
                })?;
                (keys, version)
            }
        };
        check_signature(&keys, token)?;

        let until = expires.saturating_add(LEEWAY);
        let proven = match &self.tells {
            Tells::Claims(paths) => paths.read(&self.name, &token.claims)?,
            Tells::ServiceAccount(None) => claims::service_account(&self.name, &token.claims)?,
            Tells::ServiceAccount(Some(review)) => {
                let proven = claims::service_account(&self.name, &token.claims)?;
                let asked = review.ask(hash, text, &self.audiences, &proven.subject).await?;
                let Word { counts, left } = asked;
                // A second at least: times are told in whole ones here.
                let until = until.min(now.saturating_add(left.as_secs().max(1)));
                let proven = counts.map(|()| proven);
                return Ok(Verified { proven, keys: version, until });
            }
        };
        Ok(Verified { proven: Ok(proven), keys: version, until })
    }

    /// Takes over what an older issuer knows, where both are asked the same.
    pub(super) fn take_over(&mut self, old: &Self) {
        if let (Tells::ServiceAccount(Some(review)), Tells::ServiceAccount(Some(older))) =
            (&mut self.tells, &old.tells)
            && review.is_same(older)
            && (&self.issuer, &self.audiences) == (&old.issuer, &old.audiences)
        {
            *review = older.clone();
        }
    }

    fn check_audience(&self, claims: &Object) -> Result<(), Refused> {
        let ours = |value: &Json| {
            value.text().is_some_and(|named| self.audiences.iter().any(|ours| ours == named))
        };
        let for_us = match claims.get("aud") {
            Some(Json::List(audiences)) => audiences.iter().any(ours),
            Some(one) => ours(one),
            None => false,
        };
        if for_us {
            return Ok(());
        }
        let wanted = self.audiences.join("` or `");
        let message =
            format!("the token is for someone else; get one whose audience is `{wanted}`");
        Err(Refused::new("token_audience", message))
    }
}

/// Whether the token counts now; when it expires.
fn check_times(claims: &Object, now: u64) -> Result<u64, Refused> {
    let seconds = |claim: &str| match claims.get(claim) {
        None => Ok(None),
        // From a float, Rust rounds to the nearest that there is.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        Some(Json::Number(seconds)) => Ok(Some(seconds.floor() as u64)),
        Some(_) => Err(Refused::new("token_broken", "a time in the token is no number")),
    };
    let Some(expires) = seconds("exp")? else {
        let message = "the token never expires (it has no `exp`); get one that does";
        return Err(Refused::new("token_expired", message));
    };
    if now >= expires.saturating_add(LEEWAY) {
        let message = "the token has expired; get a fresh one (Kubernetes renews a projected token \
                       in its file: read it again)";
        return Err(Refused::new("token_expired", message));
    }
    if seconds("nbf")?.is_some_and(|begins| begins > now.saturating_add(LEEWAY)) {
        let message = "the token does not count yet (`nbf`); compare the clocks of both machines";
        return Err(Refused::new("token_not_yet", message));
    }
    Ok(expires)
}

fn check_signature(keys: &Jwks, token: &Token<'_>) -> Result<(), Refused> {
    if !keys.names(token.kid.as_deref()) {
        let message =
            "the token is signed with a key that its issuer does not name; get a fresh one";
        return Err(Refused::new("token_key", message));
    }
    if keys.verify(token) {
        return Ok(());
    }
    Err(Refused::new("token_signature", "the signature of the token does not hold"))
}
