//! Bytes that must not be seen.

use std::fmt;
use std::io::ErrorKind;
use std::sync::OnceLock;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::Digest;
use super::spelling::Spellings;

/// A secret: it cannot be printed, is compared in constant time, and is wiped when dropped.
///
/// There is no `Serialize` and no `Clone`; share one with `Arc`.
pub struct Secret {
    bytes: Zeroizing<Vec<u8>>,
    digest: Digest,
    /// Worked out when it is first looked for in an answer.
    spellings: OnceLock<Spellings>,
}

impl Secret {
    /// A secret of any bytes, such as a private key in DER.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self::of(Zeroizing::new(bytes))
    }

    /// A secret that goes into a header: visible ASCII, after one trailing line break is cut off
    /// (editors and `echo` leave one).
    ///
    /// # Errors
    ///
    /// Nothing is left, or a byte is white space, a control character or not ASCII.
    pub fn token(bytes: Vec<u8>) -> Result<Self, SecretError> {
        let mut bytes = Zeroizing::new(bytes);
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
            if bytes.last() == Some(&b'\r') {
                bytes.pop();
            }
        }
        if bytes.is_empty() {
            return Err(SecretError::Empty);
        }
        if !bytes.iter().all(u8::is_ascii_graphic) {
            return Err(SecretError::NotAToken);
        }
        Ok(Self::of(bytes))
    }

    fn of(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self { digest: Digest::of(&bytes), bytes, spellings: OnceLock::new() }
    }

    /// The bytes, for the one place that puts them on a wire.
    pub(crate) fn expose(&self) -> &[u8] {
        &self.bytes
    }

    /// How a provider may quote it.
    pub(super) fn spellings(&self) -> &Spellings {
        self.spellings.get_or_init(|| Spellings::of(&self.bytes))
    }

    /// Its SHA-256, by which keys are compared.
    pub(crate) const fn digest(&self) -> &Digest {
        &self.digest
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.bytes.ct_eq(&other.bytes).into()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Why a secret could not be had. Never quotes what was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretError {
    /// The environment variable is not set.
    Unset,
    /// The file could not be read.
    Unreadable(ErrorKind),
    /// The path leads to something else than a file.
    NotAFile,
    /// The file is larger than any key.
    TooLarge,
    /// The file changes while it is read.
    Changing,
    /// There is nothing in it.
    Empty,
    /// It holds white space, a control character or something that is not ASCII.
    NotAToken,
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unset => f.write_str("the environment variable is not set"),
            Self::Unreadable(ErrorKind::NotFound) => f.write_str("there is no such file"),
            Self::Unreadable(kind) => write!(f, "the file cannot be read ({kind})"),
            Self::NotAFile => f.write_str("the path does not lead to a file"),
            Self::TooLarge => f.write_str("the file is larger than 64 KiB"),
            Self::Changing => f.write_str("the file changes while it is read"),
            Self::Empty => f.write_str("the secret is empty"),
            Self::NotAToken => {
                f.write_str("the secret holds white space, a control character or non-ASCII")
            }
        }
    }
}

impl SecretError {
    /// What to do about it.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Unset => "export the variable before starting, or name the one that is set",
            Self::Unreadable(_) => "the path of a file that the user running egret may read",
            Self::NotAFile => "the path of a regular file",
            Self::TooLarge => "the path of a file that holds the key and nothing else",
            Self::Changing => {
                "the path of a file that is replaced whole (write aside, then rename)"
            }
            Self::Empty | Self::NotAToken => {
                "the key alone, on one line; one line break at its end is fine"
            }
        }
    }
}
