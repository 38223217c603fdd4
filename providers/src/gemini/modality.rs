//! What an answer may be made of, both ways: `responseModalities` (`wire.md` §5.1).

use super::wire::Word;
use crate::conversation::Modality;

/// Google's names, and the numbers of its proto.
const NAMES: [(&str, &str, Modality); 3] = [
    ("TEXT", "1", Modality::Text),
    ("IMAGE", "2", Modality::Image),
    ("AUDIO", "3", Modality::Audio),
];

/// Reads one; `None` of those that the model does not have (video).
pub(super) fn decode(Word(word): &Word<'_>) -> Option<Modality> {
    let known = |(name, number, _): &&(&str, &str, _)| {
        name.eq_ignore_ascii_case(word) || *number == word.as_ref()
    };
    NAMES.iter().find(known).map(|(_, _, modality)| *modality)
}

/// Writes one.
pub(super) const fn encode(modality: Modality) -> &'static str {
    match modality {
        Modality::Text => "TEXT",
        Modality::Image => "IMAGE",
        Modality::Audio => "AUDIO",
    }
}
