//! A credential that holds for a while.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::Secret;

/// A credential is not used in its last moments: a request takes its time to arrive.
const ON_ITS_WAY: Duration = Duration::from_secs(2);
/// How often something that has no end is looked at again: a file may hold another by then.
const LOOK: Duration = Duration::from_secs(60);
/// Longest life that is believed.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);

/// What proves who the gateway is.
#[derive(Debug)]
pub(super) enum Proof {
    /// A token to show.
    Token(Arc<Secret>),
    /// Keys of Amazon's to sign with.
    Aws(AwsKeys),
}

/// Keys that requests to Amazon are signed with.
#[derive(Debug)]
pub(super) struct AwsKeys {
    /// Access key id; it is sent.
    pub id: Arc<Secret>,
    /// Secret access key; it is not.
    pub secret: Secret,
    /// Session token of keys that expire; it is sent.
    pub session: Option<Arc<Secret>>,
}

/// A proof, and how long it holds.
#[derive(Debug)]
pub(super) struct Lease {
    pub proof: Proof,
    /// By both clocks, and what comes first counts: one stands still while a machine sleeps, the
    /// other may be set.
    end: Option<(Instant, SystemTime)>,
    renewed_from: Instant,
}

impl Lease {
    /// One that holds until its source says otherwise.
    pub(super) fn endless(proof: Proof) -> Self {
        Self { proof, end: None, renewed_from: Instant::now() + LOOK }
    }

    /// One that holds for so long. It is renewed after four fifths of that.
    pub(super) fn lasting(proof: Proof, life: Duration) -> Self {
        let (now, wall) = (Instant::now(), SystemTime::now());
        let life = life.min(LONGEST);
        let end = Some((now + life, wall + life));
        Self { proof, end, renewed_from: now + life * 4 / 5 }
    }

    /// One that holds until then.
    pub(super) fn until(proof: Proof, end: SystemTime) -> Self {
        Self::lasting(proof, end.duration_since(SystemTime::now()).unwrap_or_default())
    }

    /// How long it can still be used; `None` if it has no end.
    pub(super) fn left(&self) -> Option<Duration> {
        let (end, wall) = self.end?;
        let by_wall = wall.duration_since(SystemTime::now()).unwrap_or_default();
        Some(end.saturating_duration_since(Instant::now()).min(by_wall))
    }

    pub(super) fn is_live(&self) -> bool {
        self.left().is_none_or(|left| left > ON_ITS_WAY)
    }

    /// Whether it is time for another.
    pub(super) fn is_due(&self) -> bool {
        Instant::now() >= self.renewed_from || !self.is_live()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn token() -> Proof {
        Proof::Token(Arc::new(Secret::token("token".into()).unwrap()))
    }

    #[test]
    fn a_lease_is_renewed_before_its_end_and_never_used_beyond() {
        let fresh = Lease::lasting(token(), Duration::from_secs(3600));
        assert!(fresh.is_live() && !fresh.is_due());
        for over in [
            Lease::lasting(token(), Duration::ZERO),
            Lease::lasting(token(), Duration::from_secs(1)),
            Lease::until(token(), SystemTime::UNIX_EPOCH),
        ] {
            assert!(!over.is_live() && over.is_due());
        }
        let endless = Lease::endless(token());
        assert!(endless.is_live() && !endless.is_due() && endless.left().is_none());
        assert!(Lease::lasting(token(), Duration::MAX).left().unwrap() <= LONGEST);
    }

    #[test]
    fn either_clock_ends_it() {
        let (now, wall) = (Instant::now(), SystemTime::now());
        let hour = Duration::from_secs(3600);
        let ends = |end| Lease { proof: token(), end: Some(end), renewed_from: now };
        assert!(ends((now + hour, wall + hour)).is_live());
        assert!(!ends((now, wall + hour)).is_live());
        assert!(!ends((now + hour, wall - hour)).is_live());
    }
}
