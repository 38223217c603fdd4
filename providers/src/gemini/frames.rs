//! Frames of a stream: server-sent events, or the elements of a JSON array.

use serde_json::value::RawValue;

use crate::sse::{FRAME_LIMIT, Framer, TooLong};

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
    Events(Framer),
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
                Some(_) => Form::Events(Framer::default()),
            };
        }
        match &mut self.form {
            Form::Unknown => Ok(()),
            Form::Events(framer) => framer.push(data, |frame| {
                if !frame.data.is_empty() {
                    sink(&frame.data);
                }
            }),
            Form::Elements(elements) => elements.push(data, sink),
        }
    }

    /// The stream is over: gives the last event if only its blank line was missing. What was
    /// cut short is not given, since it is no JSON.
    pub(super) fn finish(&mut self, sink: &mut dyn FnMut(&[u8])) {
        if let Form::Events(framer) = &mut self.form {
            framer.finish(|frame| {
                if serde_json::from_slice::<&RawValue>(&frame.data).is_ok() {
                    sink(&frame.data);
                }
            });
        }
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
    fn push(&mut self, data: &[u8], sink: &mut dyn FnMut(&[u8])) -> Result<(), TooLong> {
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
        if self.element.len() > FRAME_LIMIT {
            return Err(TooLong { limit: FRAME_LIMIT });
        }
        Ok(())
    }
}
