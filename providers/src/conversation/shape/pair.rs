//! Tool calls and their results, brought together.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet, VecDeque};

use super::super::{Field, Message, Part, Refusal, Role, ToolCall, ToolResult};
use super::may_hold;
use crate::Schema;

/// Gives every call an id and moves its result right after it.
pub(super) fn answered(
    messages: Vec<Message<'_>>,
    schema: Schema,
) -> Result<Vec<Message<'_>>, Refusal> {
    let refuse = Refuse(schema);
    let mut names = Names { taken: called_ids(&messages, refuse)? };
    let mut turns = Vec::with_capacity(messages.len() + 1);
    let mut rest = messages.into_iter().peekable();
    let mut turn = 0;
    while let Some(mut message) = rest.next() {
        if message.role != Role::Assistant {
            // Before the first assistant turn there is nothing to answer.
            if let Some(result) = first_result(&message) {
                return Err(refuse.unasked(result, &names.taken));
            }
            turns.push(message);
            continue;
        }
        let mut window = Vec::new();
        while let Some(next) = rest.next_if(|next| next.role != Role::Assistant) {
            window.push(next);
        }
        let mut results = Results::out_of(&mut window, &names.taken);
        let answers = pair(&mut message, &mut results, turn, &mut names, refuse)?;
        if let Some(result) = results.left() {
            return Err(refuse.unasked(result, &names.taken));
        }
        turn += 1;
        turns.push(message);
        if !answers.is_empty() {
            turns.push(Message { role: Role::User, parts: answers });
        }
        turns.extend(window.into_iter().filter(|message| !message.parts.is_empty()));
    }
    Ok(turns)
}

/// The ids that the caller gave to calls. Also sees that calls and results stand in turns that
/// may hold them.
fn called_ids(messages: &[Message<'_>], refuse: Refuse) -> Result<HashSet<String>, Refusal> {
    let mut ids = HashSet::new();
    for message in messages {
        for part in &message.parts {
            if !may_hold(message.role, part) {
                return Err(refuse.misplaced(part));
            }
            if let Part::ToolCall(ToolCall { id: Some(id), .. }) = part
                && !ids.insert(id.to_string())
            {
                return Err(refuse.call(format!(
                    "two tool calls have the id {}: give every call an id of its own",
                    Shown(id)
                )));
            }
        }
    }
    Ok(ids)
}

/// The results that stand between two assistant turns, found by id or, without one, by name.
#[derive(Default)]
struct Results<'a> {
    all: Vec<Option<ToolResult<'a>>>,
    by_id: HashMap<Cow<'a, str>, usize>,
    by_name: HashMap<Cow<'a, str>, VecDeque<usize>>,
    nameless: VecDeque<usize>,
    /// Results with an id that no call has, by the name of their tool: clients of Gemini make ids
    /// for calls that came without one, and write them into the results only.
    strangers: HashMap<Cow<'a, str>, VecDeque<usize>>,
}

impl<'a> Results<'a> {
    /// Takes the results out of these turns.
    fn out_of(window: &mut [Message<'a>], called: &HashSet<String>) -> Self {
        let mut results = Self::default();
        for message in window {
            for part in std::mem::take(&mut message.parts) {
                match part {
                    Part::ToolResult(result) => results.push(result, called),
                    other => message.parts.push(other),
                }
            }
        }
        results
    }

    fn push(&mut self, result: ToolResult<'a>, called: &HashSet<String>) {
        let index = self.all.len();
        match (&result.call_id, &result.name) {
            (Some(id), Some(name)) if !called.contains(id.as_ref()) => {
                self.strangers.entry(name.clone()).or_default().push_back(index);
            }
            (Some(id), _) => {
                // A second one stays unasked for, and is refused.
                self.by_id.entry(id.clone()).or_insert(index);
            }
            (None, Some(name)) => self.by_name.entry(name.clone()).or_default().push_back(index),
            (None, None) => self.nameless.push_back(index),
        }
        self.all.push(Some(result));
    }

    fn take(&mut self, index: usize) -> Option<ToolResult<'a>> {
        self.all.get_mut(index)?.take()
    }

    /// The result that names this call.
    fn with_id(&mut self, id: &str) -> Option<ToolResult<'a>> {
        let index = self.by_id.remove(id)?;
        self.take(index)
    }

    /// The first result without an id that may be this tool's.
    fn of_tool(&mut self, name: &str) -> Option<ToolResult<'a>> {
        let named = self.by_name.get(name).and_then(|queue| queue.front().copied());
        let index = match (named, self.nameless.front().copied()) {
            (Some(named), Some(nameless)) if nameless < named => self.nameless.pop_front(),
            (None, _) => self.nameless.pop_front(),
            (Some(_), _) => self.by_name.get_mut(name)?.pop_front(),
        };
        self.take(index?)
    }

    /// The first result of this tool whose id no call has, for a call without an id.
    fn stranger(&mut self, name: &str) -> Option<ToolResult<'a>> {
        let index = self.strangers.get_mut(name)?.pop_front()?;
        self.take(index)
    }

    /// A result that no call took.
    fn left(&self) -> Option<&ToolResult<'a>> {
        self.all.iter().flatten().next()
    }
}

/// Finds each call's result, in the order of the calls.
fn pair<'a>(
    message: &mut Message<'a>,
    results: &mut Results<'a>,
    turn: usize,
    names: &mut Names,
    refuse: Refuse,
) -> Result<Vec<Part<'a>>, Refusal> {
    let calls: Vec<&mut ToolCall<'a>> = message
        .parts
        .iter_mut()
        .filter_map(|part| match part {
            Part::ToolCall(call) => Some(call),
            _ => None,
        })
        .collect();
    // Results that name their call go first, so that one without an id can't take their place.
    let named: Vec<Option<ToolResult<'a>>> =
        calls.iter().map(|call| results.with_id(call.id.as_deref()?)).collect();
    let mut answers = Vec::with_capacity(calls.len());
    for (index, (call, result)) in calls.into_iter().zip(named).enumerate() {
        let result = result.or_else(|| results.of_tool(&call.name)).or_else(|| match call.id {
            Some(_) => None,
            None => results.stranger(&call.name),
        });
        let Some(mut result) = result else {
            return Err(refuse.unanswered(call));
        };
        let id = match call.id.take() {
            Some(id) if accepted(&id) => id,
            Some(id) => Cow::Owned(names.mint(&["id", &id])),
            None => Cow::Owned(names.mint(&[&turn.to_string(), &index.to_string(), &call.name])),
        };
        result.name = Some(call.name.clone());
        result.custom = call.custom;
        result.call_id = Some(id.clone());
        call.id = Some(id);
        answers.push(Part::ToolResult(result));
    }
    Ok(answers)
}

fn first_result<'m, 'a>(message: &'m Message<'a>) -> Option<&'m ToolResult<'a>> {
    message.parts.iter().find_map(|part| match part {
        Part::ToolResult(result) => Some(result),
        _ => None,
    })
}

/// Whether every schema accepts this id of a call.
fn accepted(id: &str) -> bool {
    matches!(id.len(), 1..=64)
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// Makes ids that nothing else in the request has.
struct Names {
    taken: HashSet<String>,
}

impl Names {
    /// `call_` and a hash of what tells the call from others.
    fn mint(&mut self, parts: &[&str]) -> String {
        let mut hash = Fnv::new();
        parts.iter().for_each(|part| hash.write(part));
        loop {
            let id = format!("call_{:016x}", hash.0);
            if self.taken.insert(id.clone()) {
                return id;
            }
            hash.write("again");
        }
    }
}

/// FNV-1a, 64 bit: the same on every machine and in every version, as prompt caches need it.
/// Not against enemies: a collision is seen and resolved.
struct Fnv(u64);

impl Fnv {
    const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Takes in a word; 0xff, which no UTF-8 text has, ends it.
    fn write(&mut self, word: &str) {
        for byte in word.bytes().chain([0xff]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// Refusals in the caller's words.
#[derive(Clone, Copy)]
struct Refuse(Schema);

impl Refuse {
    fn call(self, message: String) -> Refusal {
        Refusal::of(Field::ToolCall.name(self.0), message)
    }

    fn result(self, message: String) -> Refusal {
        Refusal::of(Field::ToolResult.name(self.0), message)
    }

    fn unanswered(self, call: &ToolCall<'_>) -> Refusal {
        let id = call.id.as_ref().map(|id| format!(" (id {})", Shown(id))).unwrap_or_default();
        self.result(format!(
            "the call of tool {}{id} has no result: send one in the turn after it",
            Shown(&call.name)
        ))
    }

    /// A result that no call in the assistant turn before it waits for.
    fn unasked(self, result: &ToolResult<'_>, called: &HashSet<String>) -> Refusal {
        let Some(id) = &result.call_id else {
            let name = result.name.as_ref().map_or("", |name| name);
            return self.result(format!(
                "a result of tool {} answers no call of the assistant turn before it: send one \
                 result for each call, right after it",
                Shown(name)
            ));
        };
        let id_shown = Shown(id);
        self.result(if called.contains(id.as_ref()) {
            format!(
                "the result of call {id_shown} does not stand in the turn after its call, or is \
                 there twice: send one result for each call, right after it"
            )
        } else {
            format!("the result of call {id_shown} has no such call before it: send the call too")
        })
    }

    fn misplaced(self, part: &Part<'_>) -> Refusal {
        match part {
            Part::ToolCall(call) => self.call(format!(
                "the call of tool {} does not stand in an assistant turn: move it there",
                Shown(&call.name)
            )),
            _ => self.result(
                "a tool result stands in an assistant or system turn: send it in a \
                              user turn"
                    .to_owned(),
            ),
        }
    }
}

/// A caller's name or id in quotes, cut short: messages are logged.
struct Shown<'a>(&'a str);

impl std::fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let cut: String = self.0.chars().take(64).collect();
        write!(f, "{cut:?}")
    }
}
