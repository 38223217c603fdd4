//! Where a secret comes from, and how a rotated one gets in.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use arc_swap::ArcSwap;
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

use super::{Digest, Secret, SecretError};

/// Larger than any key, small enough to be read over and over.
const LARGEST: u64 = 64 * 1024;

/// How often a file is read anew when it changed under the reader.
const READS: usize = 4;

/// How long the content of a changed file must stay the same before it counts: a writer that does
/// not replace the file in one step may be half-way through.
const SETTLE: Duration = Duration::from_millis(50);

/// A secret that may be rotated while Egret runs.
#[derive(Debug)]
pub struct SecretSource {
    place: Place,
    current: ArcSwap<Secret>,
    /// The last look at the file failed; said once, not at every look.
    stale: AtomicBool,
}

/// Two are the same that are kept in one place and hold the same: whatever goes by one may go on by
/// the other.
impl PartialEq for SecretSource {
    fn eq(&self, other: &Self) -> bool {
        self.place == other.place && **self.current.load() == **other.current.load()
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Place {
    Fixed,
    File(PathBuf),
}

impl SecretSource {
    /// A secret that never changes, such as the value of an environment variable.
    #[must_use]
    pub fn fixed(secret: Secret) -> Self {
        Self::new(Place::Fixed, secret)
    }

    /// The value of an environment variable, as `lookup` finds it.
    ///
    /// # Errors
    ///
    /// The variable is not set, empty, or not a token.
    pub fn from_env(
        name: &str,
        lookup: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<Self, SecretError> {
        let value = lookup(name).ok_or(SecretError::Unset)?;
        Ok(Self::fixed(Secret::token(value.into_encoded_bytes())?))
    }

    /// The content of a file, which [`refresh`] reads again.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is empty, or does not hold a token.
    pub fn from_file(path: &Path) -> Result<Self, SecretError> {
        let secret = Secret::token(read(path)?.to_vec())?;
        Ok(Self::new(Place::File(path.to_owned()), secret))
    }

    fn new(place: Place, secret: Secret) -> Self {
        Self { place, current: ArcSwap::from_pointee(secret), stale: AtomicBool::new(false) }
    }

    /// The secret as it is now: always a whole one.
    #[must_use]
    pub fn current(&self) -> Arc<Secret> {
        self.current.load_full()
    }

    /// Whether the secret, as it is now, has this hash; in constant time.
    pub(super) fn is(&self, digest: &Digest) -> Choice {
        self.current.load().digest().ct_eq(digest)
    }

    /// The secret in the file if it is another than the current one. A file that vanished or turned
    /// invalid is warned about once, and the last good secret stays.
    fn changed(&self) -> Option<Secret> {
        let Place::File(path) = &self.place else { return None };
        match read(path).and_then(|bytes| Secret::token(bytes.to_vec())) {
            Ok(secret) => {
                if self.stale.swap(false, Ordering::Relaxed) {
                    log::info!("{}: the secret can be read again", path.display());
                }
                (secret != **self.current.load()).then_some(secret)
            }
            Err(error) => {
                if !self.stale.swap(true, Ordering::Relaxed) {
                    log::warn!("{}: {error}; the last good secret stays", path.display());
                }
                None
            }
        }
    }

    fn rotate(&self, secret: Secret) {
        self.current.store(Arc::new(secret));
        if let Place::File(path) = &self.place {
            log::info!("{}: the secret was rotated", path.display());
        }
    }
}

/// Takes over the secrets whose files changed; blocks for a moment when one did.
///
/// A file that is replaced in one step is never seen half-way. One that is written in place is not
/// either, unless its writer pauses for longer than that moment.
pub fn refresh<'a>(sources: impl IntoIterator<Item = &'a SecretSource>) {
    refresh_after(sources, || thread::sleep(SETTLE));
}

/// [`refresh`], with what happens between the two looks.
pub(super) fn refresh_after<'a>(
    sources: impl IntoIterator<Item = &'a SecretSource>,
    pause: impl FnOnce(),
) {
    let candidates: Vec<(&SecretSource, Digest)> = sources
        .into_iter()
        .filter_map(|source| source.changed().map(|secret| (source, *secret.digest())))
        .collect();
    if candidates.is_empty() {
        return;
    }
    pause();
    for (source, first) in candidates {
        // Another content by now: still being written; the next look decides.
        if let Some(secret) = source.changed().filter(|secret| *secret.digest() == first) {
            source.rotate(secret);
        }
    }
}

/// Reads a whole file, anew if its size changed meanwhile.
fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, SecretError> {
    let unreadable = |error: io::Error| SecretError::Unreadable(error.kind());
    for _ in 0..READS {
        // Asked before opening: opening a named pipe would wait for its writer.
        if !path.metadata().map_err(unreadable)?.is_file() {
            return Err(SecretError::NotAFile);
        }
        let mut file = File::open(path).map_err(unreadable)?;
        let before = file.metadata().map_err(unreadable)?.len();
        if before > LARGEST {
            return Err(SecretError::TooLarge);
        }
        // All the room there can be a need for: growing would leave a copy of the secret behind.
        let room = usize::try_from(LARGEST).unwrap_or(usize::MAX).saturating_add(1);
        let mut bytes = Zeroizing::new(Vec::with_capacity(room));
        (&mut file).take(LARGEST).read_to_end(&mut bytes).map_err(unreadable)?;
        let after = file.metadata().map_err(unreadable)?.len();
        if before == after && u64::try_from(bytes.len()) == Ok(after) {
            return Ok(bytes);
        }
    }
    Err(SecretError::Changing)
}
