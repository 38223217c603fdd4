//! Who a replica is.

use std::{fs, io, path::Path};

use ring::rand::{SecureRandom, SystemRandom};

use crate::budget::journal::beside;

/// The identity of the replica whose journal is at `path`: random, and kept beside the journal
/// (`path.replica`), so that whoever opens the journal again is the same replica and reports what
/// it had spent. Without a journal it is a new one each time.
pub(in crate::budget) fn of(journal: Option<&Path>) -> io::Result<String> {
    let Some(journal) = journal else { return Ok(random()) };
    let path = beside(journal, "replica");
    match fs::read_to_string(&path) {
        Ok(text) if is_identity(text.trim()) => return Ok(text.trim().to_owned()),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let identity = random();
    // Whole or not at all: a crash in between must not leave half an identity.
    let new = beside(journal, "replica-new");
    fs::write(&new, &identity)?;
    fs::File::open(&new)?.sync_all()?;
    fs::rename(&new, &path)?;
    Ok(identity)
}

/// Sixteen random letters and digits.
pub(in crate::budget) fn random() -> String {
    let mut bytes = [0; 8];
    if SystemRandom::new().fill(&mut bytes).is_err() {
        // Never seen on Linux; a time is better than one name for all.
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        return format!("{:016x}", now.unwrap_or_default().as_nanos() as u64);
    }
    format!("{:016x}", u64::from_ne_bytes(bytes))
}

fn is_identity(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
