//! Where frames end.

/// Finds the blank lines that end frames, in a stream that comes in pieces. Keeps no bytes.
///
/// Lines end in LF, CRLF or CR. After a CR only the next byte tells whether the line is over, so
/// a frame that ends in a lone CR is known to be whole one byte later.
#[derive(Clone, Copy, Debug, Default)]
pub struct Boundary {
    line: Line,
    /// Whether any byte of the frame was seen.
    within: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Line {
    /// Nothing of the line was seen.
    #[default]
    Empty,
    /// It has bytes.
    Begun,
    /// A line that had bytes ended in CR; an LF may still belong to it.
    BegunCr,
    /// A line that had none ended in CR; an LF may still belong to it.
    EmptyCr,
}

impl Boundary {
    /// Goes on to the end of the frame: just behind its blank line. `None` if the frame doesn't
    /// end in `bytes`; all of them belong to it then.
    pub fn next(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let &first = rest.first()?;
            self.within = true;
            if matches!(self.line, Line::BegunCr | Line::EmptyCr) {
                at += usize::from(first == b'\n');
                let blank = self.line == Line::EmptyCr;
                self.line = Line::Empty;
                if blank {
                    self.within = false;
                    return Some(at);
                }
                continue;
            }
            let Some(length) = memchr::memchr2(b'\n', b'\r', rest) else {
                self.line = Line::Begun;
                return None;
            };
            let blank = self.line == Line::Empty && length == 0;
            at += length + 1;
            self.line = match (rest.get(length), blank) {
                (Some(b'\r'), true) => Line::EmptyCr,
                (Some(b'\r'), false) => Line::BegunCr,
                _ => Line::Empty,
            };
            if blank && self.line == Line::Empty {
                self.within = false;
                return Some(at);
            }
        }
    }

    /// Whether the stream stands inside a frame.
    pub const fn is_within(&self) -> bool {
        self.within
    }
}
