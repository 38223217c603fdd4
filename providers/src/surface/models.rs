//! Lists of models, in each schema's shape (`wire.md` §1.2).

use serde::Serialize;

use crate::Schema;

/// The body of a list of models, each an id and when it was created, in seconds since 1970.
/// It is whole: there are never further pages.
pub fn render_models(schema: Schema, models: &[(&str, u64)]) -> Vec<u8> {
    match schema {
        Schema::Chat | Schema::Responses => json(&OpenAiList {
            object: "list",
            data: models.iter().map(|&model| OpenAiModel::new(model)).collect(),
        }),
        Schema::Claude => json(&ClaudeList {
            data: models.iter().map(|&model| ClaudeModel::new(model)).collect(),
            has_more: false,
            first_id: models.first().map(|(id, _)| *id),
            last_id: models.last().map(|(id, _)| *id),
        }),
        Schema::Gemini => json(&GeminiList {
            models: models.iter().map(|&model| GeminiModel::new(model)).collect(),
        }),
    }
}

/// The body that describes one model.
pub fn render_model(schema: Schema, id: &str, created: u64) -> Vec<u8> {
    match schema {
        Schema::Chat | Schema::Responses => json(&OpenAiModel::new((id, created))),
        Schema::Claude => json(&ClaudeModel::new((id, created))),
        Schema::Gemini => json(&GeminiModel::new((id, created))),
    }
}

/// Strings and numbers always serialise; the fallback is there because serde can't know.
fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_else(|_| b"{}".to_vec())
}

#[derive(Serialize)]
struct OpenAiList<'a> {
    object: &'static str,
    data: Vec<OpenAiModel<'a>>,
}

#[derive(Serialize)]
struct OpenAiModel<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    owned_by: &'static str,
}

impl<'a> OpenAiModel<'a> {
    const fn new((id, created): (&'a str, u64)) -> Self {
        Self { id, object: "model", created, owned_by: "egret" }
    }
}

#[derive(Serialize)]
struct ClaudeList<'a> {
    data: Vec<ClaudeModel<'a>>,
    has_more: bool,
    first_id: Option<&'a str>,
    last_id: Option<&'a str>,
}

#[derive(Serialize)]
struct ClaudeModel<'a> {
    r#type: &'static str,
    id: &'a str,
    display_name: &'a str,
    created_at: String,
}

impl<'a> ClaudeModel<'a> {
    fn new((id, created): (&'a str, u64)) -> Self {
        Self { r#type: "model", id, display_name: id, created_at: rfc3339(created) }
    }
}

#[derive(Serialize)]
struct GeminiList<'a> {
    models: Vec<GeminiModel<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GeminiModel<'a> {
    name: String,
    display_name: &'a str,
    supported_generation_methods: [&'static str; 2],
}

impl<'a> GeminiModel<'a> {
    fn new((id, _): (&'a str, u64)) -> Self {
        let prefix = if id.starts_with("tunedModels/") { "" } else { "models/" };
        Self {
            name: format!("{prefix}{id}"),
            display_name: id,
            supported_generation_methods: ["generateContent", "streamGenerateContent"],
        }
    }
}

/// The last second of the year 9999: RFC 3339 has no later one.
const LAST_SECOND: u64 = 253_402_300_799;

/// Seconds since 1970 as RFC 3339, UTC.
fn rfc3339(seconds: u64) -> String {
    let seconds = seconds.min(LAST_SECOND);
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Civil from days: years begin in March, so that the leap day comes last
    // (Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = era * 400 + year + carry;
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::rfc3339;

    #[test]
    fn dates_are_civil() {
        for (seconds, date) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_795_219_200, "2026-11-21T00:00:00Z"),
            (u64::MAX, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(rfc3339(seconds), date);
        }
    }
}
