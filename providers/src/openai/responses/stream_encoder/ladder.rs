//! The events of a stream: named, and numbered from 0.

use serde::Serialize;

/// Writes events.
#[derive(Debug, Default)]
pub(super) struct Ladder {
    /// The number of the next event.
    next: u64,
}

/// An event under way.
#[must_use = "an event ends with `end`"]
pub(super) struct Fields<'o> {
    out: &'o mut Vec<u8>,
}

impl Ladder {
    pub(super) fn event<'o>(&mut self, kind: &str, out: &'o mut Vec<u8>) -> Fields<'o> {
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(kind.as_bytes());
        out.extend_from_slice(b"\ndata: {\"type\":\"");
        out.extend_from_slice(kind.as_bytes());
        out.extend_from_slice(b"\",\"sequence_number\":");
        out.extend_from_slice(itoa::Buffer::new().format(self.next).as_bytes());
        self.next += 1;
        Fields { out }
    }
}

impl Fields<'_> {
    /// One more member.
    pub(super) fn field(self, name: &str, value: &(impl Serialize + ?Sized)) -> Self {
        self.out.extend_from_slice(b",\"");
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        // Into memory, of strings and numbers: there is nothing to fail.
        let _ = serde_json::to_writer(&mut *self.out, value);
        self
    }

    pub(super) fn end(self) {
        self.out.extend_from_slice(b"}\n\n");
    }
}
