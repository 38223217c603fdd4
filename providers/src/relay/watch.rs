//! What the gateway must know of an answer whoever writes it.

use crate::conversation::{ApiError, Delta, Event, PartKind, Usage};

/// Listens to the events of one answer.
#[derive(Debug, Default)]
pub(super) struct Watch {
    usage: Option<Usage>,
    begun: bool,
    output_bytes: u64,
    complete: bool,
    error: Option<Box<ApiError>>,
}

impl Watch {
    pub(super) fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Usage(usage) => {
                self.usage = Some(self.usage.unwrap_or_default().max(*usage));
            }
            Event::PartStart { kind, .. } => match kind {
                PartKind::ToolCall { name, .. } => self.output(name.len()),
                PartKind::RedactedThinking(data) => self.output(data.len()),
                // Their bytes are no tokens.
                PartKind::Image(_) | PartKind::Audio(_) | PartKind::Opaque(_) => self.begun = true,
                PartKind::Text | PartKind::Thinking { .. } | PartKind::Refusal => {}
            },
            Event::Delta { delta, .. } => self.output(match delta {
                Delta::Text(text) | Delta::Arguments(text) => text.len(),
                Delta::Signature(_) | Delta::Citation(_) | Delta::Logprobs(_) => 0,
            }),
            Event::Error(error) => self.fail(error),
            Event::End => self.complete = true,
            Event::Start { .. } | Event::PartStop { .. } | Event::Finish { .. } | Event::Ping => {}
        }
    }

    const fn output(&mut self, bytes: usize) {
        self.begun |= bytes > 0;
        self.output_bytes = self.output_bytes.saturating_add(bytes as u64);
    }

    /// Keeps the first error.
    pub(super) fn fail(&mut self, error: &ApiError) {
        self.error.get_or_insert_with(|| Box::new(error.clone()));
    }

    pub(super) const fn usage(&self) -> Option<Usage> {
        self.usage
    }

    pub(super) const fn has_begun(&self) -> bool {
        self.begun
    }

    pub(super) const fn output_bytes(&self) -> u64 {
        self.output_bytes
    }

    /// The provider's own end came, and no error.
    pub(super) const fn is_complete(&self) -> bool {
        self.complete && self.error.is_none()
    }

    /// The end or an error came.
    pub(super) const fn is_over(&self) -> bool {
        self.complete || self.error.is_some()
    }

    pub(super) fn error(&self) -> Option<&ApiError> {
        self.error.as_deref()
    }
}
