//! Vendors: who serves which API where, and what is particular about it. Data, not code.
//!
//! `providers/catalog/vendors.toml` has a row for each; a new host is a new row. What a gateway
//! does with one:
//!
//! 1. When its configuration is read: [`Vendor::named`], then [`Vendor::url`] and
//!    [`Vendor::paths`] with the operator's [`Parameters`]. An operator who gives a URL of their
//!    own (a private endpoint, a proxy) needs only [`Vendor::paths`].
//! 2. For a request: [`Paths::path`] for the request line; of the vendor's [`Offer`] of the
//!    schema, [`Offer::version`] and [`Offer::betas`] for the two headers of Anthropic's API,
//!    [`Offer::passes`] for what of the caller's headers goes on, [`Offer::edits`] over the body
//!    that is otherwise ready (splice them last: after the model's name has been put in, after
//!    the codec), [`Vendor::credential`] for the header of the key. [`Quirks::narrow`] goes over
//!    the model's capabilities before a codec writes for it.
//! 3. For the answer: [`Offer::framing`] (before the stream's bytes go anywhere else:
//!    [`crate::eventstream::Unwrap`]), [`Vendor::error`], [`Offer::returns`].

mod credential;
mod edits;
mod offer;
mod parameters;
mod paths;
mod quirks;
mod row;
mod template;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

pub use credential::{Credential, Header};
pub use offer::{Framing, Offer, Place};
pub use parameters::{ParameterError, Parameters};
pub use paths::{Operation, Paths};
pub use quirks::{OutputLimit, Quirks, ReasoningField};

use crate::Schema;
use crate::conversation::ApiError;
use crate::eventstream;
use template::{Filling, Template};

/// A table that can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("table of vendors: {0}")]
pub struct VendorsError(String);

/// Who serves models: one row of the table.
#[derive(Clone, Debug)]
pub struct Vendor {
    name: String,
    title: String,
    prices: Option<String>,
    /// `None` where everyone has a host of their own.
    url: Option<Template>,
    /// Other URLs for some values of a parameter; the first that fits counts.
    elsewhere: Vec<Elsewhere>,
    parameters: Vec<Parameter>,
    credential: Credential,
    errors: ErrorForm,
    inference_profiles: bool,
    offers: Vec<Offer>,
    quirks: Quirks,
}

/// A URL for one value of a parameter.
#[derive(Clone, Debug)]
struct Elsewhere {
    parameter: String,
    is: String,
    url: Template,
}

/// What a place is named by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// What it is, with an example.
    pub meaning: String,
    /// What counts if it isn't given. `{model}` is the model that is asked for.
    pub default: Option<String>,
}

/// How a vendor tells what class an error is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ErrorForm {
    /// As the schema does.
    Schema,
    /// Amazon's: by the header [`AWS_ERROR`]; the body says only the words.
    Aws,
}

/// The header in which AWS names an exception.
const AWS_ERROR: &str = "x-amzn-errortype";

impl Vendor {
    /// The vendor of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::all().iter().find(|vendor| vendor.name == name)
    }

    /// All vendors, as the table has them.
    pub fn all() -> &'static [Self] {
        // A test reads the file, so the default is never met.
        static ALL: LazyLock<Vec<Vendor>> = LazyLock::new(|| {
            row::read(include_str!("../../catalog/vendors.toml")).unwrap_or_default()
        });
        &ALL
    }

    /// The vendor whose own API a schema is.
    pub fn of(schema: Schema) -> Option<&'static Self> {
        Self::named(match schema {
            Schema::Chat | Schema::Responses => "openai",
            Schema::Claude => "anthropic",
            Schema::Gemini => "gemini",
        })
    }

    /// Its name in a configuration.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its name for people.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Its name in the catalogue of prices ([`crate::price::Seller::provider`]); `None` if that
    /// doesn't know it.
    pub fn prices(&self) -> Option<&str> {
        self.prices.as_deref()
    }

    /// What names a place of it.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// The base URL, without a slash at its end; scheme and host are safe whatever the parameters
    /// hold.
    ///
    /// # Errors
    ///
    /// A parameter is missing, unknown, or can't be part of a host name. A vendor without a host
    /// of its own is missing `url`.
    pub fn url(&self, parameters: &Parameters) -> Result<String, ParameterError> {
        self.check_names(parameters)?;
        let given = |name: &str| parameters.get(name).or_else(|| self.default_of(name));
        let applies = |e: &&Elsewhere| {
            given(&e.parameter).is_some_and(|value| value.eq_ignore_ascii_case(&e.is))
        };
        let elsewhere = self.elsewhere.iter().find(applies);
        let url = elsewhere.map(|e| &e.url).or(self.url.as_ref());
        let url = url.ok_or_else(|| ParameterError::Missing {
            name: "url".to_owned(),
            meaning: "the base URL of the host, such as https://models.example.com/v1".to_owned(),
        })?;
        self.bind(url, parameters, parameters::label).map(|url| url.start().to_owned())
    }

    /// The paths of its operations at one place.
    ///
    /// # Errors
    ///
    /// A parameter that stands in a path is missing, unknown, or would be more than one segment.
    pub fn paths(&self, parameters: &Parameters) -> Result<Paths, ParameterError> {
        self.check_names(parameters)?;
        let mut bound = Vec::new();
        for offer in &self.offers {
            for (operation, path) in offer.paths() {
                let path = self.bind(path, parameters, |value| {
                    let mut out = String::new();
                    template::escape(parameters::segment(value)?, &mut out);
                    Ok(out)
                })?;
                bound.push((offer.schema(), *operation, path));
            }
        }
        Ok(Paths::new(bound))
    }

    fn check_names(&self, parameters: &Parameters) -> Result<(), ParameterError> {
        let known = |name: &&str| self.parameters.iter().any(|known| known.name == *name);
        match parameters.names().find(|name| !known(name)) {
            None => Ok(()),
            Some(name) => Err(ParameterError::Unknown {
                name: name.to_owned(),
                vendor: self.name.clone(),
                known: match &*self.parameters {
                    [] => "none".to_owned(),
                    known => {
                        let names = known.iter().map(|known| format!("`{}`", known.name));
                        names.collect::<Vec<_>>().join(", ")
                    }
                },
            }),
        }
    }

    fn default_of(&self, name: &str) -> Option<&str> {
        let parameter = self.parameters.iter().find(|known| known.name == name)?;
        parameter.default.as_deref()
    }

    /// Fills the holes that are this vendor's parameters; the model stays one.
    fn bind(
        &self,
        template: &Template,
        parameters: &Parameters,
        check: impl Fn(&str) -> Result<String, &'static str>,
    ) -> Result<Template, ParameterError> {
        let mut wrong = None;
        let bound = template.fill(|hole| {
            let known = self.parameters.iter().find(|known| known.name == hole)?;
            let Parameter { name, meaning, default } = known.clone();
            let given = parameters.get(&name);
            match (given.or(default.as_deref()), given) {
                (Some("{model}"), None) => return Some(Filling::Hole("model".to_owned())),
                (Some(value), _) => match check(value) {
                    Ok(text) => return Some(Filling::Text(text)),
                    Err(fault) => {
                        wrong.get_or_insert(ParameterError::Wrong { name, fault, meaning });
                    }
                },
                (None, _) => {
                    wrong.get_or_insert(ParameterError::Missing { name, meaning });
                }
            }
            None
        });
        wrong.map_or(Ok(bound), Err)
    }

    /// How it serves a schema; `None` if it doesn't.
    pub fn offer(&self, schema: Schema) -> Option<&Offer> {
        self.offers.iter().find(|offer| offer.schema() == schema)
    }

    /// The schemas that it serves.
    pub fn schemas(&self) -> impl Iterator<Item = Schema> {
        self.offers.iter().map(Offer::schema)
    }

    /// How it is shown who pays.
    pub const fn credential(&self) -> &Credential {
        &self.credential
    }

    /// Whether the name of a model may say over which regions a call is spread
    /// ([`crate::region::of_model`]).
    pub const fn has_inference_profiles(&self) -> bool {
        self.inference_profiles
    }

    /// How its Chat Completions differ from OpenAI's.
    pub const fn quirks(&self) -> &Quirks {
        &self.quirks
    }

    /// Reads an error response; `header` gives the answer's headers by their names in small
    /// letters.
    pub fn error<'h>(
        &self,
        schema: Schema,
        status: u16,
        body: &[u8],
        header: impl Fn(&str) -> Option<&'h str>,
    ) -> ApiError {
        let mut error = schema.codec().decode_error(status, body);
        if self.errors == ErrorForm::Aws
            && let Some(class) = header(AWS_ERROR).and_then(eventstream::class_of)
        {
            error.class = class;
        }
        error
    }
}
