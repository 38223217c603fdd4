//! Whose tokenizer and frames a model has.

/// A family of models, for what is known before a model is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// OpenAI's, and whoever else's.
    Other,
    Claude,
    Gemini,
}

impl Family {
    /// By the model's name, which clouds give prefixes.
    pub(super) fn of(model: &str) -> Self {
        let contains = |word: &str| {
            model
                .as_bytes()
                .windows(word.len())
                .any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
        };
        if contains("claude") {
            Self::Claude
        } else if contains("gemini") {
            Self::Gemini
        } else {
            Self::Other
        }
    }
}
