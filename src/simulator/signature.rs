//! Signatures of thoughts. Each maker knows its own, and no other's.

/// Who signs. Gemini's API and Vertex refuse each other's signatures (wire.md §0); Claude's are good
/// wherever Claude is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Maker {
    /// Claude, anywhere.
    Claude,
    /// Gemini at Google's Gemini API.
    Gemini,
    /// Gemini on Vertex.
    Vertex,
}

impl Maker {
    /// What starts its signatures. Twelve letters, so that a signature is base64.
    fn mark(self) -> &'static str {
        match self {
            Self::Claude => "EgretSimClau",
            Self::Gemini => "EgretSimGemi",
            Self::Vertex => "EgretSimVert",
        }
    }

    /// The signature of a thought.
    pub fn sign(self, thought: &str) -> String {
        format!("{}{:08x}", self.mark(), crc32fast::hash(thought.as_bytes()))
    }

    /// The signature of a thought that is good only after this.
    pub fn bind(self, thought: &str, prefix: u32) -> String {
        format!("{}{prefix:08x}", self.sign(thought))
    }

    /// Whether it made this signature; for this thought, if its text is known, and after this
    /// prefix, if it matters.
    pub fn made(self, signature: &str, thought: &str, prefix: Option<u32>) -> bool {
        let hex = |text: &str| text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let Some(rest) = signature.strip_prefix(self.mark()) else { return false };
        let (sum, bound) = rest.split_at_checked(8).unwrap_or((rest, ""));
        let of_thought = thought.is_empty() || self.sign(thought).ends_with(sum);
        let of_prefix = prefix.is_none_or(|prefix| bound == format!("{prefix:08x}"));
        hex(sum) && (bound.is_empty() || hex(bound)) && of_thought && of_prefix
    }
}
