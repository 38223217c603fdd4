//! The ids of an answer's items, which tell whose they are, and the encrypted reasoning.

/// What the names of our answers have in common.
const MARK: &str = "Sim";

/// What starts every encrypted reasoning, as at OpenAI; ours goes on with a mark.
const SEALED: &str = "gAAAAAEgretSim";

/// The id of an item: its kind (`rs`, `msg`, `fc`, `ctc`, `call`, `resp`), the answer it belongs
/// to, and its place there.
pub(super) fn id(kind: &str, answer: u32, at: usize) -> String {
    format!("{kind}_{MARK}{answer:08x}{at}")
}

/// The answer that an id names, if it is one of ours.
pub(super) fn answer(id: &str) -> Option<u32> {
    let (_, rest) = id.split_once('_')?;
    u32::from_str_radix(rest.strip_prefix(MARK)?.get(..8)?, 16).ok()
}

/// The encrypted content of the reasoning of an answer.
pub(super) fn seal(answer: u32) -> String {
    let text = format!("{SEALED}{answer:08x}");
    let sum = crc32fast::hash(text.as_bytes());
    format!("{text}{sum:08x}==")
}

/// The answer whose reasoning this is, if we sealed it.
pub(super) fn unseal(sealed: &str) -> Option<u32> {
    let answer = sealed.strip_prefix(SEALED)?.get(..8)?;
    let answer = u32::from_str_radix(answer, 16).ok()?;
    (seal(answer) == sealed).then_some(answer)
}
