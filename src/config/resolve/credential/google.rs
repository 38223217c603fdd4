//! Google's access token.

use std::path::{Path, PathBuf};

use providers::vendor::Vendor;

use super::Resolver;
use crate::config::decode::Field;
use crate::config::problem::Mark;
use crate::config::raw::RawGoogle;
use crate::config::read_file::ReadFile;
use crate::config::value::Switch;
use crate::credential::{GOOGLE_SCOPE, Google, GoogleSource};

impl Resolver<'_> {
    pub(super) fn google(
        &mut self,
        section: Mark,
        raw: RawGoogle,
        vendor: &Vendor,
    ) -> Option<Google> {
        let RawGoogle { file, metadata, scope, token_url, metadata_url } = raw;
        let url = metadata_url.given();
        let metadata = metadata.given().filter(|(_, Switch(on))| *on);
        let wants_metadata = metadata.is_some() || url.is_some();
        let source = match (file.given(), wants_metadata) {
            (Some((mark, _)), true) => {
                let what = "a file and the metadata server, two places for one token";
                self.problems.add(mark, what, "one of file, metadata");
                return None;
            }
            (Some((mark, path)), false) => {
                self.google_file(mark, Path::new(&path), self.path(&path))?
            }
            (None, true) => match url {
                Some((mark, url)) => {
                    GoogleSource::Metadata(self.endpoint(Field::Given(mark, url))?)
                }
                None => GoogleSource::metadata(),
            },
            (None, false) => match GoogleSource::of(self.surroundings.env) {
                Ok(GoogleSource::File(path)) => self.google_file(section, &path, path.clone())?,
                Ok(source) => source,
                Err(error) => {
                    let remedy = "GCE_METADATA_HOST: an address, or not set";
                    self.problems.add(section, error.to_string(), remedy);
                    return None;
                }
            },
        };
        let scope = scope.value().or_else(|| vendor.credential().scope().map(str::to_owned));
        let scope = scope.unwrap_or_else(|| GOOGLE_SCOPE.to_owned());
        Some(Google { source, scope, token_url: self.endpoint(token_url) })
    }

    /// `written` is how the file is named.
    fn google_file(&mut self, mark: Mark, written: &Path, path: PathBuf) -> Option<GoogleSource> {
        let path = self.found(mark, written, path)?;
        match GoogleSource::check(&path) {
            Ok(()) => Some(GoogleSource::File(path)),
            Err(error) => {
                // Once it can be read, the configuration is worth another try.
                self.files.push(ReadFile::read(path).0);
                let remedy = "file: the JSON of a service account's key, or of an external account";
                self.problems.add(mark, error.to_string(), remedy);
                None
            }
        }
    }
}
