//! A file that a snapshot was made from, and how to tell that it is another by now.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// Larger than any configuration or CA bundle.
const LARGEST: u64 = 4 << 20;

/// The SHA-256 of a file's content; `None` if it cannot be read.
pub(super) type Content = Option<[u8; 32]>;

/// A file, and what it held when it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ReadFile {
    pub path: PathBuf,
    pub content: Content,
}

impl ReadFile {
    /// Reads a file whole.
    pub(super) fn read(path: PathBuf) -> (Self, io::Result<Vec<u8>>) {
        let bytes = read(&path);
        let content = bytes.as_deref().ok().map(hash);
        (Self { path, content }, bytes)
    }

    /// What the file holds now.
    pub(super) fn now(&self) -> Content {
        read(&self.path).as_deref().ok().map(hash)
    }
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    // Asked before opening: opening a named pipe would wait for its writer.
    if !path.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= LARGEST) {
        Ok(bytes)
    } else {
        Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 4 MiB"))
    }
}
