//! Frames of a stream: server-sent events, or the elements of a JSON array.

/// The most bytes of one frame, as `crate::sse` has it. Pictures come in frames of megabytes.
const MOST: usize = 16 << 20;

/// A frame is longer than any answer.
#[derive(Debug)]
pub(super) struct TooLong;

/// Cuts a stream into the JSON texts that it is made of.
#[derive(Debug, Default)]
pub(super) struct Frames {
    form: Form,
}

/// How the stream is framed; its first byte tells.
#[derive(Debug, Default)]
enum Form {
    #[default]
    Unknown,
    Events(Events),
    /// `alt=json`, or a bare error object.
    Elements(Elements),
}

impl Frames {
    /// Takes the next bytes and calls `sink` with every frame that they complete.
    pub(super) fn push(
        &mut self,
        mut data: &[u8],
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<(), TooLong> {
        if let Form::Unknown = self.form {
            data = data.trim_ascii_start();
            self.form = match data.first() {
                None => return Ok(()),
                Some(b'[' | b'{') => Form::Elements(Elements::default()),
                Some(_) => Form::Events(Events::default()),
            };
        }
        let pending = match &mut self.form {
            Form::Unknown => 0,
            Form::Events(events) => {
                events.push(data, sink);
                events.line.len() + events.data.len()
            }
            Form::Elements(elements) => {
                elements.push(data, sink);
                elements.element.len()
            }
        };
        if pending > MOST { Err(TooLong) } else { Ok(()) }
    }

    /// The stream is over: gives the last event if only its blank line was missing. What was
    /// cut short is not given, since it is no JSON.
    pub(super) fn finish(&mut self, sink: &mut dyn FnMut(&[u8])) {
        if let Form::Events(events) = &mut self.form {
            events.line();
            let data = std::mem::take(&mut events.data);
            if serde_json::from_slice::<&serde_json::value::RawValue>(&data).is_ok() {
                sink(&data);
            }
        }
    }
}

/// Server-sent events. To be `crate::sse::Framer`.
#[derive(Debug, Default)]
struct Events {
    line: Vec<u8>,
    data: Vec<u8>,
    after_cr: bool,
}

impl Events {
    fn push(&mut self, mut data: &[u8], sink: &mut dyn FnMut(&[u8])) {
        while !data.is_empty() {
            if std::mem::take(&mut self.after_cr)
                && let Some(rest) = data.strip_prefix(b"\n")
            {
                data = rest;
                continue;
            }
            let Some(end) = memchr::memchr2(b'\n', b'\r', data) else {
                self.line.extend_from_slice(data);
                return;
            };
            let (line, rest) = data.split_at(end);
            self.line.extend_from_slice(line);
            self.after_cr = rest.first() == Some(&b'\r');
            data = rest.get(1..).unwrap_or_default();
            if self.line.is_empty() {
                if !self.data.is_empty() {
                    sink(&self.data);
                    self.data.clear();
                }
            } else {
                self.line();
            }
        }
    }

    /// A line is whole.
    fn line(&mut self) {
        if let Some(value) = self.line.strip_prefix(b"data:") {
            if !self.data.is_empty() {
                self.data.push(b'\n');
            }
            self.data.extend_from_slice(value.strip_prefix(b" ").unwrap_or(value));
        }
        self.line.clear();
    }
}

/// Objects one after the other, whatever stands between them.
#[derive(Debug, Default)]
struct Elements {
    element: Vec<u8>,
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Elements {
    fn push(&mut self, data: &[u8], sink: &mut dyn FnMut(&[u8])) {
        for &byte in data {
            if self.depth > 0 {
                self.element.push(byte);
            }
            if self.in_string {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.in_string = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' if self.depth > 0 => self.in_string = true,
                b'{' => {
                    if self.depth == 0 {
                        self.element.push(byte);
                    }
                    self.depth += 1;
                }
                b'}' if self.depth > 0 => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        sink(&self.element);
                        self.element.clear();
                    }
                }
                _ => {}
            }
        }
    }
}
