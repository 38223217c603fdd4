//! Why a ledger does not open, and what to do then.

use std::{fmt, io, path::PathBuf};

use super::replay::Damage;

/// Why a ledger could not be opened.
#[derive(Debug)]
pub enum OpenError {
    /// Another process has it open.
    InUse(PathBuf),
    /// Its content cannot be believed.
    Damaged(PathBuf, Damage),
    /// The disk said no.
    Io(PathBuf, io::Error),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse(path) => write!(
                f,
                "ledger {}: another process uses it. Stop that one, or give this one a file of \
                 its own",
                path.display()
            ),
            Self::Damaged(path, damage) => write!(f, "ledger {}: {damage}", path.display()),
            Self::Io(path, error) => write!(
                f,
                "ledger {}: {error}. Its directory must exist and be writable",
                path.display()
            ),
        }
    }
}

impl std::error::Error for OpenError {}
