//! Every place in which a body names its model.

use serde_json::value::RawValue;

use super::{Edit, Object, Peek};
use crate::Schema;
use crate::conversation::Refusal;
use crate::features::Features;

/// The most requests that one body may hold. OpenAI takes 2,048 inputs at once, Gemini 100.
pub const REQUESTS_MAX: usize = 2048;

/// Where a body names its model: at its top and, on Gemini, in each of the requests it holds
/// (`requests` of `batchEmbedContents`, `generateContentRequest` of `countTokens`).
///
/// What is authorised is one model. A body that also names another is refused, and all places
/// are set together, so that no reader can take it for a request for something else (S-20).
#[derive(Clone, Debug)]
pub struct Models<'a> {
    /// What each of the requests says, and where it begins; the outermost first.
    peeks: Vec<(usize, Peek<'a>)>,
}

impl<'a> Models<'a> {
    /// Looks into a body of this schema, and into the requests that its member of one of these
    /// `names` (spellings of the same) holds. `path` is the model in the path, where it stands
    /// there.
    ///
    /// # Errors
    /// As [`Peek::of`] for the body and each request in it; a member in two spellings; two
    /// models; more requests than [`REQUESTS_MAX`].
    pub fn of(
        schema: Schema,
        body: &'a [u8],
        names: &[&'static str],
        path: Option<&str>,
    ) -> Result<Self, Refusal> {
        let mut peeks = vec![(0, Peek::of(schema, body)?)];
        if let Some((name, member)) = held(body, names)? {
            for request in requests(name, member)? {
                let text = request.get().as_bytes();
                let within = |mut refusal: Refusal| {
                    let field = refusal.field.as_deref();
                    refusal.field = Some(match field {
                        Some(field) => format!("{name}.{field}").into(),
                        None => name.into(),
                    });
                    refusal
                };
                let peek = Peek::of(schema, text).map_err(within)?;
                peeks.push((offset(body, text)?, peek));
            }
        }
        let models = Self { peeks };
        models.agree(path)?;
        Ok(models)
    }

    /// The model that the body names, without `models/`.
    pub fn model(&self) -> Option<&str> {
        self.names().next()
    }

    /// What the body makes use of, the requests in it included.
    pub fn features(&self) -> Features {
        self.peeks.iter().fold(Features::NONE, |all, (_, peek)| all.and(peek.features()))
    }

    /// The edits that make the body name `model` wherever it names one.
    pub fn set(&self, model: &str) -> Vec<Edit> {
        let edits = self.peeks.iter().filter_map(|(at, peek)| {
            let Edit { span, with } = peek.set_model(model)?;
            Some(Edit { span: span.start + at..span.end + at, with })
        });
        edits.collect()
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let bare = |name| str::strip_prefix(name, "models/").unwrap_or(name);
        self.peeks.iter().filter_map(|(_, peek)| peek.model()).map(bare)
    }

    fn agree(&self, path: Option<&str>) -> Result<(), Refusal> {
        let mut names = path.into_iter().chain(self.names());
        let Some(first) = names.next() else { return Ok(()) };
        if names.all(|name| name == first) {
            return Ok(());
        }
        let message = match path {
            Some(_) => "`model` in the body is not the model of the path; name the same, or none",
            None => "the body names two models; send a request for each",
        };
        Err(Refusal::of("model", message))
    }
}

/// The member that holds requests. Another case of its letters is refused: some reader may take
/// it for the member.
fn held<'a>(
    body: &'a [u8],
    names: &[&'static str],
) -> Result<Option<(&'static str, &'a RawValue)>, Refusal> {
    if names.is_empty() {
        return Ok(None);
    }
    let members: Object<'a> =
        serde_json::from_slice(body).map_err(|error| Refusal::body(error.to_string()))?;
    let mut found = None;
    for (name, value) in members.0 {
        let same = |known: &&&str| name.to_uppercase() == known.to_uppercase();
        let Some(known) = names.iter().find(same) else { continue };
        if *known != name {
            let message = format!("`{}` could be taken for `{known}`", name.escape_debug());
            return Err(Refusal::of(*known, format!("{message}; write it in these letters")));
        }
        if found.replace((*known, value)).is_some() {
            let message = format!("`{known}` is there in two spellings; send it once");
            return Err(Refusal::of(*known, message));
        }
    }
    Ok(found.filter(|(_, value)| value.get() != "null"))
}

/// The requests in a member: a list of them or one alone, which Google's parser takes as well.
fn requests<'a>(name: &'static str, member: &'a RawValue) -> Result<Vec<&'a RawValue>, Refusal> {
    if !member.get().starts_with('[') {
        return Ok(vec![member]);
    }
    let list: Vec<&RawValue> =
        serde_json::from_str(member.get()).map_err(|error| Refusal::of(name, error.to_string()))?;
    if list.len() > REQUESTS_MAX {
        let message = format!("`{name}` has {} entries; send {REQUESTS_MAX} at most", list.len());
        return Err(Refusal::of(name, message));
    }
    Ok(list)
}

/// Where a part of the body begins. It was read from there and borrows from it.
fn offset(body: &[u8], part: &[u8]) -> Result<usize, Refusal> {
    let at = part.as_ptr().addr().checked_sub(body.as_ptr().addr());
    at.filter(|&at| body.get(at..).is_some_and(|rest| rest.starts_with(part)))
        .ok_or_else(|| Refusal::body("the body's requests can't be told apart"))
}

#[cfg(test)]
mod tests;
