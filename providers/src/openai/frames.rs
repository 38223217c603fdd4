//! The data of server-sent events, out of bytes that are cut anywhere.

use memchr::memchr2;

/// An event larger than this is not one: nobody may fill the memory with it.
const LARGEST: usize = 32 << 20;

/// Collects lines into events. Only `data` counts: Chat Completions names no events.
#[derive(Default)]
pub(super) struct Frames {
    /// A line whose end has not come.
    line: Vec<u8>,
    /// The data of the event that is being read, and whether it has any.
    data: Vec<u8>,
    has_data: bool,
    /// The last byte was a CR: an LF that follows belongs to it.
    after_cr: bool,
}

/// An event grew beyond all bounds.
pub(super) struct TooLarge;

impl Frames {
    /// Takes bytes, and calls `each` with the data of every event that they complete.
    pub(super) fn push(
        &mut self,
        mut bytes: &[u8],
        each: &mut dyn FnMut(&[u8]),
    ) -> Result<(), TooLarge> {
        while let Some((&first, rest)) = bytes.split_first() {
            if std::mem::take(&mut self.after_cr) && first == b'\n' {
                bytes = rest;
                continue;
            }
            let end = memchr2(b'\n', b'\r', bytes);
            let (line, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
            if self.line.len() + self.data.len() + line.len() > LARGEST {
                return Err(TooLarge);
            }
            let Some((&ending, rest)) = rest.split_first() else {
                self.line.extend_from_slice(line);
                break;
            };
            self.after_cr = ending == b'\r';
            bytes = rest;
            if self.line.is_empty() {
                self.line(line, each);
            } else {
                self.line.extend_from_slice(line);
                let mut whole = std::mem::take(&mut self.line);
                self.line(&whole, each);
                whole.clear();
                self.line = whole;
            }
        }
        Ok(())
    }

    /// The stream is over. Hosts that forget the last empty line lose nothing.
    pub(super) fn finish(&mut self, each: &mut dyn FnMut(&[u8])) {
        let line = std::mem::take(&mut self.line);
        self.line(&line, each);
        self.line(b"", each);
    }

    fn line(&mut self, line: &[u8], each: &mut dyn FnMut(&[u8])) {
        if line.is_empty() {
            if std::mem::take(&mut self.has_data) {
                each(&self.data);
                self.data.clear();
            }
        } else if let Some(value) = line.strip_prefix(b"data:") {
            if std::mem::replace(&mut self.has_data, true) {
                self.data.push(b'\n');
            }
            self.data.extend_from_slice(value.strip_prefix(b" ").unwrap_or(value));
        }
    }
}
