//! Which of the lists are believed that a place has given.
//!
//! Whoever is in between may answer what he likes, and the key that a list must be signed by is known
//! only where a certificate is verified. So a list counts for the certificates of whoever has signed
//! it, and for no others; once that has shown it is *proved*, and its signer's later lists are as soon
//! as they come. What is not proved lasts until the next answer, whatever that is. What is proved stays
//! beside it, even past its date, until there is a newer one of the same signer and scope that is
//! proved itself.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use sha2::{Digest, Sha256};
use tokio_rustls::rustls::pki_types::SubjectPublicKeyInfoDer;

use super::chain::algorithms;
use crate::snapshot::RevocationList;

/// How far the clock of whoever makes lists may be ahead of ours, in seconds.
const AHEAD: i64 = 5 * 60;
/// Most signatures that turn out wrong until no other list is looked at for this certificate.
const PATIENCE: usize = 8;

/// SHA-256 of a public key.
type KeyId = [u8; 32];

/// Who signs certificates, and lists of those that are revoked.
pub(super) struct Issuer {
    /// A name (DER, without its outer SEQUENCE).
    pub name: Vec<u8>,
    key: SubjectPublicKeyInfoDer<'static>,
    id: KeyId,
}

impl Issuer {
    pub(super) fn new(name: &[u8], key: SubjectPublicKeyInfoDer<'static>) -> Self {
        let id = Sha256::digest(&key).into();
        Self { name: name.to_vec(), key, id }
    }

    /// Whether it is the other one.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.id == other.id && self.name == other.name
    }
}

/// The lists of a place.
#[derive(Default)]
pub(super) struct Lists(Vec<Held>);

/// A list that is held.
struct Held {
    judged: Arc<Judged>,
    /// Whether the last answer had no list of its scope.
    absent: bool,
}

/// A list, and what is known of its signature. That is true for ever.
struct Judged {
    list: Arc<RevocationList>,
    signer: OnceLock<Arc<Issuer>>,
    /// Whose signature it was found not to have, the last time.
    not: Mutex<Option<KeyId>>,
}

/// What an answer comes to.
pub(super) struct Taken {
    pub lists: Lists,
    /// Whether they are others than before.
    pub changed: bool,
    /// Why some lists of the answer do not count.
    pub unfit: Option<Unfit>,
}

/// Why a list does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// Whoever is in between could hide with an old list what was revoked since.
    Older,
    /// It would be newer than all that its issuer makes from now on.
    Early,
    /// Whose name it has signs by another key, as far as it is known.
    Forged,
}

/// The lists in the name of an issuer.
#[derive(Default)]
pub(super) struct Signed {
    /// Those that it has signed.
    pub lists: Vec<Arc<RevocationList>>,
    /// Whether there are any that it has not signed.
    pub others: bool,
    /// Whether nobody knew so of one of these.
    pub news: bool,
}

impl Lists {
    /// All lists.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<RevocationList>> {
        self.0.iter().map(|held| &held.judged.list)
    }

    /// Those that the place still has, as far as it can be seen.
    pub(super) fn present(&self) -> impl Iterator<Item = &Arc<RevocationList>> {
        self.0.iter().filter(|held| !held.absent).map(|held| &held.judged.list)
    }

    /// What is held after an answer, at `now` in seconds since 1970, with no more than `room` bytes
    /// of lists beside those of the answer: the newest.
    ///
    /// # Errors
    ///
    /// No list of the answer can be taken: all stays as it is.
    pub(super) fn take(
        &self,
        answer: Vec<RevocationList>,
        now: i64,
        mut room: usize,
    ) -> Result<Taken, Unfit> {
        let answer: Vec<Arc<RevocationList>> = answer.into_iter().map(Arc::new).collect();
        let before = self.without_superseded();
        let proved = || before.iter().filter(|old| old.signer.get().is_some());
        let early = |new: &RevocationList| new.this_update() > now.saturating_add(AHEAD);
        let older = |new: &RevocationList| {
            let mut proved = proved().map(|old| &old.list);
            proved.any(|old| old.scope() == new.scope() && new.this_update() < old.this_update())
        };
        let (mut fit, late): (Vec<_>, Vec<_>) = answer.iter().cloned().partition(|new| !early(new));
        RevocationList::keep_newest(&mut fit);
        let (old, fit): (Vec<_>, Vec<_>) = fit.into_iter().partition(|new| older(new));
        let unfit = (!late.is_empty()).then_some(Unfit::Early);
        let unfit = unfit.or((!old.is_empty()).then_some(Unfit::Older));
        if let (true, Some(unfit)) = (fit.is_empty(), unfit) {
            return Err(unfit);
        }

        let known: HashMap<_, _> =
            self.0.iter().map(|held| (held.judged.list.digest(), &held.judged)).collect();
        let mut next: Vec<Held> = Vec::new();
        for list in fit {
            let known = known.get(list.digest()).map(|known| Arc::clone(known));
            let judged = known.unwrap_or_else(|| Arc::new(Judged::new(list)));
            next.push(Held { judged, absent: false });
        }
        let taken: HashSet<[u8; 32]> = next.iter().map(|held| *held.judged.list.digest()).collect();
        for old in proved().filter(|old| !taken.contains(old.list.digest())) {
            let Some(rest) = room.checked_sub(old.list.size()) else { continue };
            room = rest;
            let absent = answer.iter().all(|new| new.scope() != old.list.scope());
            next.push(Held { judged: Arc::clone(old), absent });
        }
        let digests = |lists: &[&Arc<Judged>]| -> HashSet<[u8; 32]> {
            lists.iter().map(|judged| *judged.list.digest()).collect()
        };
        let after: Vec<_> = next.iter().map(|held| &held.judged).collect();
        let changed = digests(&before) != digests(&after);
        let lists = Self(next);
        let mut signers: Vec<&Arc<Issuer>> = Vec::new();
        for signer in proved().filter_map(|old| old.signer.get()) {
            if signers.iter().all(|known| !known.is(signer)) {
                lists.signed_by(signer);
                signers.push(signer);
            }
        }
        let forged = lists.0.iter().map(|held| &held.judged).any(|judged| {
            let name = judged.list.scope().0;
            let is_new = !known.contains_key(judged.list.digest());
            is_new && judged.signer.get().is_none() && signers.iter().any(|it| it.name == name)
        });
        let unfit = unfit.or(forged.then_some(Unfit::Forged));
        Ok(Taken { lists, changed, unfit })
    }

    /// All but those that a newer one stands for; newest first.
    fn without_superseded(&self) -> Vec<&Arc<Judged>> {
        let mut lists: Vec<_> = self.0.iter().map(|held| &held.judged).collect();
        lists.sort_by_key(|judged| judged.list.newest_first());
        let mut seen = HashSet::new();
        lists.retain(|&judged| {
            judged.signer.get().is_none_or(|signer| seen.insert((judged.list.scope(), signer.id)))
        });
        lists
    }

    /// Which lists in an issuer's name it has signed. Those are proved from now on.
    pub(super) fn signed_by(&self, issuer: &Arc<Issuer>) -> Signed {
        let mut signed = Signed::default();
        let mut patience = PATIENCE;
        let named = self.0.iter().map(|held| &held.judged);
        for judged in named.filter(|judged| judged.list.scope().0 == issuer.name) {
            match judged.is_signed_by(issuer) {
                Some(true) => signed.lists.push(Arc::clone(&judged.list)),
                Some(false) => signed.others = true,
                None if patience == 0 => {}
                None if judged.prove(issuer) => signed.lists.push(Arc::clone(&judged.list)),
                None => {
                    patience -= 1;
                    (signed.others, signed.news) = (true, true);
                }
            }
        }
        signed
    }
}

impl Judged {
    fn new(list: Arc<RevocationList>) -> Self {
        Self { list, signer: OnceLock::new(), not: Mutex::default() }
    }

    /// Whether it is known to be signed by this issuer, or known not to be.
    fn is_signed_by(&self, issuer: &Issuer) -> Option<bool> {
        if let Some(signer) = self.signer.get() {
            return Some(signer.id == issuer.id);
        }
        let not = self.not.lock().unwrap_or_else(PoisonError::into_inner);
        (*not == Some(issuer.id)).then_some(false)
    }

    /// Finds out whether it is signed by this issuer.
    fn prove(&self, issuer: &Arc<Issuer>) -> bool {
        let proved = self.list.is_signed_by(&issuer.key, algorithms().all);
        if proved {
            // Whoever was faster has found the same.
            let _ = self.signer.set(Arc::clone(issuer));
        } else {
            *self.not.lock().unwrap_or_else(PoisonError::into_inner) = Some(issuer.id);
        }
        proved
    }
}

#[cfg(test)]
mod tests;
