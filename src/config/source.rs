//! Where the configuration comes from.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::decode::Decode;
use super::environment;
use super::node;
use super::problem::{Mark, Problems};
use super::raw::RawConfig;
use super::read_file::ReadFile;
use super::resolve::{Surroundings, resolve};
use crate::snapshot::Snapshot;

/// Where the configuration comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A YAML file.
    File(PathBuf),
    /// No file: the providers whose keys are in the environment, for whoever is on this machine.
    Environment,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment => f.write_str("the environment"),
        }
    }
}

/// Why there is no snapshot.
#[derive(Debug)]
pub enum LoadError {
    /// The file cannot be read.
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// No file was given, and the environment is not enough: what to do about it.
    Environment(String),
    /// The configuration is wrong.
    Invalid {
        /// Where it comes from, as messages name it.
        source: String,
        /// All that is wrong with it.
        problems: Problems,
    },
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, error } => {
                write!(f, "{}: cannot be read: {error}", path.display())
            }
            Self::Environment(error) => f.write_str(error),
            Self::Invalid { source, problems } => {
                f.write_str(problems.display(source).to_string().trim_end())
            }
        }
    }
}

impl std::error::Error for LoadError {}

/// What was loaded.
pub(super) struct Loaded {
    /// The snapshot, or why there is none.
    pub snapshot: Result<Snapshot, LoadError>,
    /// The files whose content it depends on, secrets left out.
    pub files: Vec<ReadFile>,
}

impl Source {
    /// Loads the configuration and everything it names.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or something is wrong with it.
    pub fn load(&self) -> Result<Snapshot, LoadError> {
        self.load_watched().snapshot
    }

    pub(super) fn load_watched(&self) -> Loaded {
        let env: &dyn Fn(&str) -> Option<OsString> = &|name| env::var_os(name);
        let state = env("STATE_DIRECTORY").map(PathBuf::from).unwrap_or_default();
        match self {
            Self::Environment => {
                let text = match environment::config(env) {
                    Ok(text) => text,
                    Err(error) => {
                        let error = LoadError::Environment(error);
                        return Loaded { snapshot: Err(error), files: Vec::new() };
                    }
                };
                let here = Surroundings { directory: Path::new(""), state: &state, env };
                read(&text, "(environment)", &here)
            }
            Self::File(path) => {
                let directory = path.parent().unwrap_or(Path::new(""));
                let here = Surroundings { directory, state: &state, env };
                let (file, bytes) = ReadFile::read(path.clone());
                let text = bytes.and_then(|bytes| {
                    String::from_utf8(bytes)
                        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))
                });
                let mut loaded = match text {
                    Ok(text) => read(&text, &path.display().to_string(), &here),
                    Err(error) => {
                        let error = LoadError::Unreadable { path: path.clone(), error };
                        Loaded { snapshot: Err(error), files: Vec::new() }
                    }
                };
                loaded.files.push(file);
                loaded
            }
        }
    }
}

impl Snapshot {
    /// The snapshot of a gateway that was given no file: see [`Source::Environment`].
    ///
    /// # Errors
    ///
    /// No provider's key is in the environment, or one is not a key.
    pub fn from_env() -> Result<Self, LoadError> {
        Source::Environment.load()
    }

    /// The snapshot of a configuration that is at hand as text; `name` is what messages call it.
    ///
    /// # Errors
    ///
    /// Something is wrong with it.
    pub fn from_yaml(
        text: &str,
        name: &str,
        surroundings: &Surroundings<'_>,
    ) -> Result<Self, LoadError> {
        read(text, name, surroundings).snapshot
    }
}

/// Reads and resolves a configuration, and names the files it depends on.
pub(super) fn read(text: &str, name: &str, surroundings: &Surroundings<'_>) -> Loaded {
    let mut problems = Problems::default();
    let node = node::parse(text, &mut problems);
    let top = Mark { line: 1, column: 1 };
    let raw = node.and_then(|node| RawConfig::decode(&node, "the file", &mut problems));
    let (snapshot, files) =
        raw.map(|raw| resolve(raw, top, surroundings, &mut problems)).unwrap_or_default();
    let snapshot = match snapshot {
        Some(snapshot) if problems.is_empty() => Ok(snapshot),
        _ => {
            problems.sort();
            Err(LoadError::Invalid { source: name.to_owned(), problems })
        }
    };
    Loaded { snapshot, files }
}
