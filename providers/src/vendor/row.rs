//! The table's file form.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::credential::{Credential, Header};
use super::offer::{Framing, Offer, Place};
use super::paths::Operation;
use super::quirks::{OutputLimit, Quirks, ReasoningField};
use super::template::Template;
use super::{Elsewhere, ErrorForm, Parameter, Vendor, VendorsError};
use crate::Schema;
use crate::catalog::ApiVersion;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// What each parameter is, with an example.
    parameters: BTreeMap<String, String>,
    /// What holds for an API wherever it is served.
    api: BTreeMap<String, WrittenApi>,
    vendor: Vec<Written>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenApi {
    #[serde(default)]
    passes: Vec<String>,
    #[serde(default)]
    returns: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    title: String,
    /// Its name in the catalogue of prices.
    prices: Option<String>,
    url: Option<String>,
    #[serde(default)]
    elsewhere: Vec<WrittenElsewhere>,
    /// Defaults of parameters.
    #[serde(default)]
    defaults: BTreeMap<String, String>,
    /// Behind every path.
    query: Option<String>,
    credential: WrittenCredential,
    errors: Option<String>,
    /// Whether names of models may be inference profiles'.
    #[serde(default)]
    inference_profiles: bool,
    chat: Option<WrittenOffer>,
    responses: Option<WrittenOffer>,
    claude: Option<WrittenOffer>,
    gemini: Option<WrittenOffer>,
    #[serde(default)]
    quirks: WrittenQuirks,
    /// Where the facts are from and when they were seen: for people, and not optional.
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "date")]
    _date: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenElsewhere {
    parameter: String,
    is: String,
    url: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenCredential {
    #[serde(default)]
    key: Vec<String>,
    #[serde(default)]
    token: Vec<String>,
    sigv4: Option<String>,
    scope: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenOffer {
    paths: BTreeMap<String, String>,
    framing: Option<String>,
    #[serde(default)]
    drop: Vec<String>,
    #[serde(default)]
    rename: BTreeMap<String, String>,
    version: Option<String>,
    #[serde(default)]
    versions: BTreeMap<String, String>,
    betas: Option<String>,
    /// What a caller's unknown path begins with where the base URL ends.
    opaque: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenQuirks {
    output_limit: Option<String>,
    developer_role: Option<bool>,
    reasoning: Option<String>,
    stream_options: Option<bool>,
    x_groq_usage: Option<bool>,
    error_finish: Option<bool>,
    error_chunks: Option<bool>,
    call_index: Option<bool>,
    chunks_without_choices: Option<bool>,
    top_k: Option<bool>,
    strict_tools: Option<bool>,
    forced_tools: Option<bool>,
    allowed_tools: Option<bool>,
}

/// Reads a table.
pub(super) fn read(text: &str) -> Result<Vec<Vendor>, VendorsError> {
    let file: File = toml::from_str(text).map_err(|error| VendorsError(error.to_string()))?;
    let File { parameters, api, vendor } = file;
    let mut vendors: Vec<Vendor> = Vec::new();
    for written in vendor {
        let name = written.name.clone();
        let wrong = |what| VendorsError(format!("vendor {name:?}: {what}"));
        if vendors.iter().any(|known| known.name == name) {
            return Err(wrong("there are two".to_owned()));
        }
        vendors.push(written.vendor(&parameters, &api).map_err(wrong)?);
    }
    Ok(vendors)
}

impl Written {
    fn vendor(
        self,
        meanings: &BTreeMap<String, String>,
        apis: &BTreeMap<String, WrittenApi>,
    ) -> Result<Vendor, String> {
        let query = self.query.as_deref();
        let written = [
            (Schema::Chat, self.chat),
            (Schema::Responses, self.responses),
            (Schema::Claude, self.claude),
            (Schema::Gemini, self.gemini),
        ];
        let mut offers = Vec::new();
        for (schema, written) in written {
            let Some(written) = written else { continue };
            let api =
                apis.get(schema.as_str()).ok_or_else(|| format!("[api.{schema}] is missing"))?;
            offers.push(written.offer(schema, api, query)?);
        }
        let url = self.url.as_deref().map(template).transpose()?;
        let elsewhere = self
            .elsewhere
            .into_iter()
            .map(|WrittenElsewhere { parameter, is, url }| {
                Ok(Elsewhere { parameter, is, url: template(&url)? })
            })
            .collect::<Result<Vec<_>, String>>()?;

        let paths = offers.iter().flat_map(|offer| offer.paths.iter().map(|(_, path)| path));
        let mut parameters: Vec<Parameter> = Vec::new();
        for hole in url.iter().chain(paths).flat_map(Template::holes) {
            let known = parameters.iter().any(|known| known.name == hole);
            if known || matches!(hole, "model" | "version") {
                continue;
            }
            let meaning = meanings
                .get(hole)
                .ok_or_else(|| format!("[parameters] does not say what `{hole}` is"))?;
            parameters.push(Parameter {
                name: hole.to_owned(),
                meaning: meaning.clone(),
                default: self.defaults.get(hole).cloned(),
            });
        }
        let unused = |name: &&String| !parameters.iter().any(|known| known.name == **name);
        if let Some(name) = self.defaults.keys().find(unused) {
            return Err(format!("defaults names `{name}`, which is in no URL and no path"));
        }
        Ok(Vendor {
            name: self.name,
            title: self.title,
            prices: self.prices,
            url,
            elsewhere,
            parameters,
            credential: self.credential.credential(),
            errors: one_of("errors", self.errors.as_deref(), ErrorForm::Schema, &ERRORS)?,
            inference_profiles: self.inference_profiles,
            offers,
            quirks: self.quirks.quirks()?,
        })
    }
}

impl WrittenCredential {
    fn credential(self) -> Credential {
        let headers = |written: Vec<String>| {
            let header = |text: String| match text.split_once(": ") {
                Some((name, word)) => Header { name: name.to_owned(), prefix: format!("{word} ") },
                None => Header { name: text, prefix: String::new() },
            };
            written.into_iter().map(header).collect()
        };
        let Self { key, token, sigv4, scope } = self;
        Credential { key: headers(key), token: headers(token), sigv4, scope }
    }
}

impl WrittenOffer {
    fn offer(self, schema: Schema, api: &WrittenApi, query: Option<&str>) -> Result<Offer, String> {
        let mut paths = Vec::new();
        for (name, path) in &self.paths {
            let operation = one_of("paths", Some(name), Operation::Generate, &Operation::ALL)?;
            if !path.starts_with('/') {
                return Err(format!("the path {path:?} begins without `/`"));
            }
            let mut path_template = template(path)?;
            if let Some(query) = query {
                let joint = if path.contains('?') { '&' } else { '?' };
                path_template = path_template.then(template(&format!("{joint}{query}"))?);
            }
            paths.push((operation, path_template));
        }
        let find = |wanted| paths.iter().find(|(operation, _)| *operation == wanted).cloned();
        // Most APIs stream on the same path.
        if find(Operation::Stream).is_none()
            && let Some((_, generate)) = find(Operation::Generate)
        {
            paths.push((Operation::Stream, generate));
        }
        let known = ApiVersion::ALL.map(|version| (version.as_str(), version));
        let mut versions = Vec::new();
        for (version, text) in self.versions {
            let version = one_of("versions", Some(&version), ApiVersion::V2023, &known)?;
            versions.push((version, text));
        }
        let place =
            |field, word: Option<String>, default| one_of(field, word.as_deref(), default, &PLACES);
        Ok(Offer {
            schema,
            paths,
            framing: one_of("framing", self.framing.as_deref(), Framing::Sse, &FRAMINGS)?,
            drop: self.drop,
            rename: self.rename.into_iter().collect(),
            version: place("version", self.version, Place::Header)?,
            versions,
            betas: place("betas", self.betas, Place::Nowhere)?,
            passes: api.passes.clone(),
            returns: api.returns.clone(),
            opaque: self.opaque,
        })
    }
}

impl WrittenQuirks {
    fn quirks(self) -> Result<Quirks, String> {
        let own = Quirks::default();
        let limit = self.output_limit.as_deref();
        let reasoning = match self.reasoning.as_deref() {
            None => own.reasoning,
            word => Some(one_of("reasoning", word, ReasoningField::Reasoning, &REASONING)?),
        };
        Ok(Quirks {
            output_limit: one_of("output_limit", limit, own.output_limit, &LIMITS)?,
            developer_role: self.developer_role.unwrap_or(own.developer_role),
            reasoning,
            stream_options: self.stream_options.unwrap_or(own.stream_options),
            x_groq_usage: self.x_groq_usage.unwrap_or(own.x_groq_usage),
            error_finish: self.error_finish.unwrap_or(own.error_finish),
            error_chunks: self.error_chunks.unwrap_or(own.error_chunks),
            call_index: self.call_index.unwrap_or(own.call_index),
            chunks_without_choices: self
                .chunks_without_choices
                .unwrap_or(own.chunks_without_choices),
            top_k: self.top_k.unwrap_or(own.top_k),
            strict_tools: self.strict_tools.unwrap_or(own.strict_tools),
            forced_tools: self.forced_tools.unwrap_or(own.forced_tools),
            allowed_tools: self.allowed_tools.unwrap_or(own.allowed_tools),
        })
    }
}

const ERRORS: [(&str, ErrorForm); 2] = [("schema", ErrorForm::Schema), ("aws", ErrorForm::Aws)];
const FRAMINGS: [(&str, Framing); 2] =
    [("sse", Framing::Sse), ("eventstream", Framing::EventStream)];
const PLACES: [(&str, Place); 3] =
    [("header", Place::Header), ("body", Place::Body), ("nowhere", Place::Nowhere)];
const LIMITS: [(&str, OutputLimit); 2] = [
    ("max_completion_tokens", OutputLimit::MaxCompletionTokens),
    ("max_tokens", OutputLimit::MaxTokens),
];
const REASONING: [(&str, ReasoningField); 2] = [
    (ReasoningField::ReasoningContent.as_str(), ReasoningField::ReasoningContent),
    (ReasoningField::Reasoning.as_str(), ReasoningField::Reasoning),
];

fn template(text: &str) -> Result<Template, String> {
    Template::parse(text).ok_or_else(|| format!("{text:?} has braces that name nothing"))
}

/// What a word stands for; `absent` if there is none.
fn one_of<T: Copy>(
    field: &str,
    word: Option<&str>,
    absent: T,
    known: &[(&str, T)],
) -> Result<T, String> {
    let Some(word) = word else { return Ok(absent) };
    known.iter().find(|(name, _)| *name == word).map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        format!("{field} has {word:?}: write one of {}", names.join(", "))
    })
}
