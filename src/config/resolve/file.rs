//! Files that the configuration names.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use super::Resolver;
use crate::config::problem::Mark;
use crate::config::read_file::ReadFile;
use crate::credential::SecretError;

/// What files with a secret are called by: keys don't end so.
const ENDINGS: [&str; 6] = ["key", "pem", "secret", "token", "txt", "json"];

impl Resolver<'_> {
    /// Where a path in the file leads.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.surroundings.directory.join(path)
    }

    /// Reads a file that is part of the configuration, and remembers it as such.
    pub(super) fn read(&mut self, mark: Mark, path: &str) -> Option<Vec<u8>> {
        self.read_named(mark, path, !is_pasted(Path::new(path)))
    }

    /// The same of one with a secret; see [`Self::refuse_secret`].
    pub(super) fn read_secret(&mut self, mark: Mark, path: &str) -> Option<Vec<u8>> {
        self.read_named(mark, path, is_path(Path::new(path), self.surroundings.directory))
    }

    fn read_named(&mut self, mark: Mark, path: &str, may_name: bool) -> Option<Vec<u8>> {
        let path = self.path(path);
        let (file, content) = ReadFile::read(path.clone());
        self.files.push(file);
        let report = |error: std::io::Error| {
            let error = match error.kind() {
                ErrorKind::InvalidInput => SecretError::NotAFile,
                kind => SecretError::Unreadable(kind),
            };
            self.refuse_file(mark, may_name.then_some(&*path), error);
        };
        content.map_err(report).ok()
    }

    /// A file with a secret that is read again each time it is needed, if it can be read now.
    /// `written` is how it is named.
    pub(super) fn found(&mut self, mark: Mark, written: &Path, path: PathBuf) -> Option<PathBuf> {
        let opened = match path.metadata() {
            Ok(found) if found.is_file() => File::open(&path).map(drop),
            Ok(_) => {
                self.refuse_secret(mark, written, path, SecretError::NotAFile);
                return None;
            }
            Err(error) => Err(error),
        };
        match opened {
            Ok(()) => Some(path),
            Err(error) => {
                self.refuse_secret(mark, written, path, SecretError::Unreadable(error.kind()));
                None
            }
        }
    }

    /// Refuses the file with a secret at `path`, which is named as `written`. Some put the secret
    /// itself there: it is repeated only where it can be nothing but a path. Once it can be read,
    /// the configuration is worth another try.
    pub(super) fn refuse_secret(
        &mut self,
        mark: Mark,
        written: &Path,
        path: PathBuf,
        error: SecretError,
    ) {
        let named = is_path(written, self.surroundings.directory);
        self.refuse_file(mark, named.then_some(&*path), error);
        self.files.push(ReadFile::read(path).0);
    }

    fn refuse_file(&mut self, mark: Mark, named: Option<&Path>, error: SecretError) {
        let what = match named {
            Some(path) => format!("{error}: `{}`", path.display()),
            None => format!("{error} (it is not repeated here: it may be a key)"),
        };
        self.problems.add(mark, what, error.remedy());
    }
}

/// Whether this is the content of a file where its path should be.
fn is_pasted(path: &Path) -> bool {
    path.to_str().is_none_or(|path| path.contains("-----") || path.contains(char::is_control))
}

/// Whether this can't be a secret: it says so by its beginning or its end, or begins with a folder
/// that is there.
fn is_path(written: &Path, directory: &Path) -> bool {
    let root = if written.has_root() { Path::new("/") } else { directory };
    let mut names = written.components().filter(|part| matches!(part, Component::Normal(_)));
    let (first, more) = (names.next(), names.next().is_some());
    let inside = written.starts_with(".")
        || written.starts_with("..")
        || first.is_some_and(|first| more && root.join(first).is_dir());
    let ending = written.extension().and_then(|ending| ending.to_str());
    !is_pasted(written) && (inside || ending.is_some_and(|ending| ENDINGS.contains(&ending)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_may_be_a_secret_is_no_path() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("secrets")).unwrap();
        let is_path = |written: &str| is_path(Path::new(written), directory.path());
        for path in ["openai.key", "./openai", "../openai", "secrets/openai", "/proc/self/openai"] {
            assert!(is_path(path), "{path}");
        }
        for secret in [
            "sk-live-CANARY",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
            "ya29.a0AfH6SMB",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "/wJalrXUtnFEMIK7MDENG/bPxRfiCYEXAMPLEKEY",
            "/wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY=",
            "-----BEGIN PRIVATE KEY-----\nMC4CAQ\n-----END PRIVATE KEY-----.key",
            "",
            "/",
        ] {
            assert!(!is_path(secret), "{secret}");
        }
    }
}
