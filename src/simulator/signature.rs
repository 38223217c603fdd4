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

    /// Whether it made this signature; for this thought, if its text is known.
    pub fn made(self, signature: &str, thought: &str) -> bool {
        match thought {
            "" => signature.strip_prefix(self.mark()).is_some_and(|sum| {
                sum.len() == 8 && sum.bytes().all(|byte| byte.is_ascii_hexdigit())
            }),
            text => signature == self.sign(text),
        }
    }
}
