//! Answers that providers give, apart from how they are written.

use providers::Schema::{self, Chat, Claude, Gemini, Responses};

/// One answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    pub(crate) name: &'static str,
    pub(crate) parts: &'static [Part],
    pub(crate) finish: Finish,
    /// Who can give it.
    pub(crate) given_by: &'static [Schema],
}

/// A part of an answer; words come in pieces.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    Text(&'static [&'static str]),
    Thought(&'static [&'static str]),
    Refusal(&'static [&'static str]),
    /// Its name and its arguments.
    Call(&'static str, &'static [&'static str]),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finish {
    Stop,
    Sequence,
    Length,
    Calls,
    Filter,
    Paused,
}

/// Tokens as a caller adds them up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tokens {
    pub(crate) input: u64,
    pub(crate) cached: u64,
    pub(crate) output: u64,
    pub(crate) reasoning: u64,
}

/// What every answer costs.
pub(crate) const COST: Tokens = Tokens { input: 100, cached: 30, output: 50, reasoning: 20 };

const ALL: &[Schema] = &[Chat, Responses, Claude, Gemini];

use Part::{Call, Refusal, Text, Thought};

pub(crate) const ANSWERS: &[Answer] = &[
    Answer {
        name: "text",
        parts: &[Text(&["Hello", ", ", "world"])],
        finish: Finish::Stop,
        given_by: ALL,
    },
    Answer {
        name: "odd text",
        parts: &[Text(&["\"\\\n", "\u{2028}\u{0}é", "😀</data>\r\n\r\ndata: {}"])],
        finish: Finish::Stop,
        given_by: ALL,
    },
    Answer { name: "nothing", parts: &[], finish: Finish::Stop, given_by: ALL },
    Answer { name: "cut off", parts: &[Text(&["Once"])], finish: Finish::Length, given_by: ALL },
    Answer { name: "filtered", parts: &[Text(&["Well"])], finish: Finish::Filter, given_by: ALL },
    Answer { name: "filtered at once", parts: &[], finish: Finish::Filter, given_by: ALL },
    Answer {
        name: "at a stop string",
        parts: &[Text(&["1, 2"])],
        finish: Finish::Sequence,
        given_by: &[Claude],
    },
    Answer {
        name: "paused",
        parts: &[Text(&["So"])],
        finish: Finish::Paused,
        given_by: &[Claude, Gemini],
    },
    Answer {
        name: "refused in words",
        parts: &[Refusal(&["I ", "can't."])],
        finish: Finish::Stop,
        given_by: &[Chat, Responses],
    },
    Answer {
        name: "thought, then said",
        parts: &[Thought(&["Hm", "…"]), Text(&["42"])],
        finish: Finish::Stop,
        given_by: ALL,
    },
    Answer {
        name: "a call",
        parts: &[Call("look", &["{\"a\":", " 1.0,\"b\":[\"", "x\"]}"])],
        finish: Finish::Calls,
        given_by: ALL,
    },
    Answer {
        name: "a call without arguments",
        parts: &[Call("now", &[])],
        finish: Finish::Calls,
        given_by: ALL,
    },
    Answer {
        name: "thought, said, called three at once",
        parts: &[
            Thought(&["Let me"]),
            Text(&["One ", "moment"]),
            Call("look", &["{\"n\":", "1}"]),
            Call("now", &[]),
            Call("look", &["{\"n\"", ":2}"]),
        ],
        finish: Finish::Calls,
        given_by: ALL,
    },
    Answer {
        name: "called, cut off",
        parts: &[Call("look", &["{\"n\":1}"])],
        finish: Finish::Length,
        given_by: ALL,
    },
];
