//! Tools as OpenAI takes them, in either schema (`wire.md` §5.2, §5.5).

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::losses::{Losses, refuse};
use crate::codec::Target;
use crate::conversation::{Field, Refusal, Request, ToolChoice};
use crate::dialect;

/// Longest name of a tool.
const MAX_NAME: usize = 64;

/// Sees that OpenAI takes this as a tool's name. Its own callers' hosts may know better.
pub(super) fn named(request: &Request<'_>, name: &str) -> Result<(), Refusal> {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(fine) {
        return Ok(());
    }
    let why = format!(
        "'{name}' can't be the name of a tool here: use up to {MAX_NAME} letters, digits, '_' \
         and '-'."
    );
    Err(refuse(request, Field::Tools, &why))
}

/// A schema that is to be held to the letter, and whether OpenAI can. Others hold to schemas that
/// OpenAI would refuse to; it is then told of the schema only, which is a loss. The two fields are
/// the schema's, for a refusal, and the strictness's.
pub(super) fn strict<'a>(
    request: &Request<'_>,
    raw: &'a RawValue,
    (schema, strictness): (Field, Field),
    losses: &mut Losses<'_, '_>,
) -> Result<(Cow<'a, RawValue>, bool), Refusal> {
    let field = request.name(schema);
    let closed = dialect::for_openai_strict(raw);
    let closed = closed.map_err(|refusal| Refusal { field: Some(field.into()), ..refusal })?;
    if closed.is_none() {
        losses.of(strictness);
    }
    let strict = closed.is_some();
    Ok((closed.unwrap_or(Cow::Borrowed(raw)), strict))
}

/// The choice that is to be written, if any.
pub(super) fn choice<'r, 'a>(
    request: &'r Request<'a>,
    target: &Target<'_>,
) -> Result<Option<&'r ToolChoice<'a>>, Refusal> {
    let Some(choice) = &request.tool_choice else { return Ok(None) };
    let forced = matches!(
        choice,
        ToolChoice::Required | ToolChoice::Named(_) | ToolChoice::Allowed { required: true, .. }
    );
    if forced && !target.capabilities.forced_tools {
        let why = format!("{} can't be made to call a tool: let it choose.", target.model);
        return Err(refuse(request, Field::ToolChoice, &why));
    }
    // Refused by OpenAI where there are no tools, and without meaning there.
    Ok(Some(choice).filter(|_| forced || !request.tools.is_empty()))
}

/// OpenAI's word for a choice among allowed tools.
pub(super) const fn mode(required: bool) -> &'static str {
    if required { "required" } else { "auto" }
}
