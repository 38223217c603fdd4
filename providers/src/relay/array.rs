//! Where a streamed JSON array stands.

/// Follows the nesting of a JSON array that comes in pieces, so that an error can be its last
/// element.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ArrayState {
    depth: u32,
    in_string: bool,
    escaped: bool,
    /// Something came after the opening bracket.
    has_elements: bool,
    /// A comma came after the last element.
    comma: bool,
}

impl ArrayState {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some((&byte, after)) = rest.split_first() {
            rest = after;
            if self.in_string {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.in_string = false,
                    _ => {
                        let plain = memchr::memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
                        rest = rest.get(plain..).unwrap_or_default();
                    }
                }
                continue;
            }
            let within = self.depth == 1;
            match byte {
                b' ' | b'\n' | b'\r' | b'\t' => continue,
                b'{' | b'[' => self.depth = self.depth.saturating_add(1),
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                b'"' => self.in_string = true,
                _ => {}
            }
            if within {
                self.has_elements = true;
                self.comma = byte == b',';
            }
        }
    }

    /// What must stand between the bytes so far and a last element; `None` if no element can
    /// stand here. Broken JSON then tells the caller, as nothing else can.
    pub(super) const fn before_element(&self) -> Option<&'static [u8]> {
        match (self.depth, self.has_elements, self.in_string) {
            (0, false, false) => Some(b"["),
            (1, true, false) if !self.comma => Some(b","),
            (1, _, false) => Some(b""),
            _ => None,
        }
    }
}
