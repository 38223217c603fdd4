//! The output of a whole answer, written.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::annotation;
use super::item::{self, Call, Content, Item, Picture, Status, Summary, raw};
use super::object::incomplete;
use crate::codec::Reply;
use crate::conversation::{Candidate, Part, Text, TokenLogprob};

/// The items that an answer is made of. What this schema has no item for (sound, what only
/// another schema can say) is left out.
/// Also why it is not whole, if it is not.
pub(super) fn of(
    candidate: &Candidate<'_>,
    reply: &Reply,
) -> (Vec<Box<RawValue>>, Option<&'static str>) {
    let mut output = Output {
        reply,
        items: Vec::new(),
        message: Vec::new(),
        calls: 0,
        logprobs: &candidate.logprobs,
    };
    for part in &candidate.parts {
        output.part(part);
    }
    let refused = candidate.parts.iter().any(|part| matches!(part, Part::Refusal(_)));
    let incomplete = incomplete(candidate.finish.reason, refused);
    output.end_message(Status::of_last(incomplete));
    (output.items, incomplete)
}

/// As far as it is written.
struct Output<'a> {
    reply: &'a Reply,
    items: Vec<Box<RawValue>>,
    /// Words that go on in one message.
    message: Vec<Content<'a>>,
    calls: usize,
    /// Those of the words to come.
    logprobs: &'a [TokenLogprob<'a>],
}

impl<'a> Output<'a> {
    fn part(&mut self, part: &'a Part<'_>) {
        match part {
            Part::Text(text) => self.text(text),
            Part::Refusal(words) if !words.is_empty() => {
                self.message.push(Content::Refusal { refusal: Cow::Borrowed(words) });
            }
            Part::ToolCall(call) => {
                self.end_message(Status::Completed);
                let minted;
                let call_id = match &call.id {
                    Some(id) => id.as_ref(),
                    None => {
                        minted = item::call_id(self.reply, self.calls);
                        &minted
                    }
                };
                self.calls += 1;
                let written = Call { call_id, name: &call.name, custom: call.custom };
                let id = written.id(self.reply, self.items.len());
                let input = written.whole(call.arguments.as_text());
                self.items.extend(raw(&written.item(id, Status::Completed, input, self.reply)));
            }
            Part::Thinking(thinking) => {
                let shown = self.reply.include_thoughts && !thinking.text.is_empty();
                let summary = [Summary { text: &thinking.text }];
                let summary = if shown { summary.as_slice() } else { &[] };
                self.reasoning(thinking.id.as_deref(), summary, thinking.signature.as_deref());
            }
            Part::RedactedThinking(data) => self.reasoning(None, &[], Some(data)),
            Part::Image(media) => {
                if let Some(picture) = Picture::of(media) {
                    self.end_message(Status::Completed);
                    let id = item::id("ig", self.reply, self.items.len());
                    self.items.extend(raw(&picture.item(id)));
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &'a Text<'_>) {
        let characters = text.text.chars().count() as u64;
        let annotations: Vec<_> = text
            .citations
            .iter()
            .filter_map(|cited| annotation::write(cited, characters))
            .collect();
        if text.text.is_empty() && annotations.is_empty() {
            return;
        }
        let logprobs = item::tokens(self.tokens_of(text.text.len()));
        let text = Cow::Borrowed(text.text.as_ref());
        self.message.push(Content::OutputText { annotations, logprobs, text });
    }

    /// The tokens of the next words, of so many bytes.
    fn tokens_of(&mut self, bytes: usize) -> &'a [TokenLogprob<'a>] {
        let mut told = 0;
        let begins_here = |token: &&TokenLogprob<'_>| {
            let begins = told < bytes;
            told += token.chosen.token.len();
            begins
        };
        let end = self.logprobs.iter().take_while(begins_here).count();
        let (now, later) = self.logprobs.split_at_checked(end).unwrap_or((self.logprobs, &[]));
        self.logprobs = later;
        now
    }

    /// One that says nothing to the caller is no item.
    fn reasoning(&mut self, id: Option<&str>, summary: &[Summary<'_>], encrypted: Option<&str>) {
        if summary.is_empty() && encrypted.is_none() {
            return;
        }
        self.end_message(Status::Completed);
        let id = item::reasoning_id(id, self.reply, self.items.len());
        self.items.extend(raw(&Item::Reasoning { id, summary, encrypted_content: encrypted }));
    }

    fn end_message(&mut self, status: Status) {
        if self.message.is_empty() {
            return;
        }
        let id = item::id("msg", self.reply, self.items.len());
        let message = Item::Message { id, status, role: "assistant", content: &self.message };
        self.items.extend(raw(&message));
        self.message.clear();
    }
}
