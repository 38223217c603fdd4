//! Server-sent events, cut out of bytes: the seam to `crate::sse`.

/// Cuts a stream into the `data` of its events. Names of events are not read: Anthropic's data
/// says its own type.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// The line under way.
    line: Vec<u8>,
    /// The data of the event under way.
    data: Vec<u8>,
    /// The last byte was a CR: an LF after it ends no line of its own.
    cr: bool,
}

impl Frames {
    /// Takes the next bytes and calls `sink` with the data of every event that they complete.
    pub(super) fn frame(&mut self, mut bytes: &[u8], sink: &mut dyn FnMut(&[u8])) {
        if std::mem::take(&mut self.cr) {
            bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
        }
        while let Some(at) = memchr::memchr2(b'\n', b'\r', bytes) {
            let (line, rest) = bytes.split_at(at);
            self.line.extend_from_slice(line);
            self.end_line(sink);
            bytes = match rest {
                [b'\r', b'\n', rest @ ..] => rest,
                [b'\r'] => {
                    self.cr = true;
                    &[]
                }
                [_, rest @ ..] => rest,
                [] => &[],
            };
        }
        self.line.extend_from_slice(bytes);
    }

    /// The stream ended: its last event may lack the blank line.
    pub(super) fn finish(&mut self, sink: &mut dyn FnMut(&[u8])) {
        self.end_line(sink);
        self.end_line(sink);
    }

    fn end_line(&mut self, sink: &mut dyn FnMut(&[u8])) {
        if self.line.is_empty() {
            if !self.data.is_empty() {
                sink(&self.data);
                self.data.clear();
            }
            return;
        }
        if let Some(value) = self.line.strip_prefix(b"data:") {
            if !self.data.is_empty() {
                self.data.push(b'\n');
            }
            self.data.extend_from_slice(value.strip_prefix(b" ").unwrap_or(value));
        }
        self.line.clear();
    }
}
