//! Sampling parameters that both schemas have (`wire.md` §5.1).

use serde_json::value::RawValue;

use super::losses::{Losses, refuse};
use crate::codec::Target;
use crate::conversation::{Field, Refusal, Request};

/// `temperature` and `top_p`. Models that take neither mean 1.
pub(super) fn common<'a>(
    request: &'a Request<'_>,
    target: &Target<'_>,
    losses: &mut Losses<'_, '_>,
) -> Result<Vec<(&'static str, &'a RawValue)>, Refusal> {
    let mut numbers = Vec::new();
    for (key, field, value) in [
        ("temperature", Field::Temperature, request.sampling.temperature),
        ("top_p", Field::TopP, request.sampling.top_p),
    ] {
        let Some(value) = value else { continue };
        if target.capabilities.sampling {
            numbers.push((key, value));
        } else if value.get().parse() == Ok(1.0) {
            losses.of(field);
        } else {
            let why = format!("{} takes no other value than 1: leave it out.", target.model);
            return Err(refuse(request, field, &why));
        }
    }
    Ok(numbers)
}
