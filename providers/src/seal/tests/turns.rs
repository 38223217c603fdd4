//! Turns at the level of the conversation model, as callers give them back.

use std::borrow::Cow;

use proptest::prelude::*;

use super::super::envelope::MOST;
use super::*;
use crate::codec::Reply;
use crate::conversation::{
    Arguments, Candidate, Finish, FinishReason, Loss, Message, Part, Response, Role, Text,
    Thinking, ToolCall,
};

fn thought(text: &str, signature: Option<&str>) -> Part<'static> {
    let signature = signature.map(|token| Cow::Owned(token.to_owned()));
    Part::Thinking(Thinking { id: None, text: Cow::Owned(text.to_owned()), signature })
}

fn text(text: &str, signature: Option<&str>) -> Part<'static> {
    let signature = signature.map(|token| Cow::Owned(token.to_owned()));
    Part::Text(Text { signature, ..Text::new(text.to_owned()) })
}

fn call(id: Option<&str>, signature: Option<&str>) -> Part<'static> {
    Part::ToolCall(ToolCall {
        id: id.map(|id| Cow::Owned(id.to_owned())),
        name: "look".into(),
        arguments: Arguments::Text("{}".into()),
        custom: false,
        signature: signature.map(|token| Cow::Owned(token.to_owned())),
        cache: None,
    })
}

/// An answer as a caller gets it.
fn sealed(parts: Vec<Part<'static>>, from: Schema, to: Schema, shown: bool) -> Vec<Part<'static>> {
    let finish = Finish::new(FinishReason::Stop);
    let candidate = Candidate { index: 0, parts, logprobs: Vec::new(), finish };
    let mut response = Response { candidates: vec![candidate], ..Response::default() };
    let reply = Reply { id: "1a".into(), include_thoughts: shown, ..Reply::default() };
    seal().response(&mut response, from, to, &reply);
    response.candidates.remove(0).parts
}

/// A model's turn as a provider gets it, and what was lost of it.
fn opened(parts: Vec<Part<'static>>, from: Schema, to: Schema) -> (Vec<Part<'static>>, Vec<Loss>) {
    let mut request = Request::new(from, "m");
    request.messages = vec![Message { role: Role::Assistant, parts }];
    let losses = seal().open(&mut request, to);
    (request.messages.remove(0).parts, losses)
}

/// What callers keep of a sealed answer: thoughts that were not sealed are not shown to them.
fn kept(parts: Vec<Part<'static>>) -> Vec<Part<'static>> {
    let proven = |part: &Part<'_>| !matches!(part, Part::Thinking(t) if t.signature.is_none());
    parts.into_iter().filter(proven).collect()
}

fn shown(parts: &[Part<'_>]) -> String {
    let mut joined: Vec<Part<'_>> = parts.to_vec();
    joined.dedup_by(|after, before| match (before, after) {
        (Part::Text(before), Part::Text(after)) => before.join(after),
        _ => false,
    });
    let words: Vec<String> = joined
        .iter()
        .map(|part| match part {
            Part::Thinking(t) => format!("thought {:?} {:?} {:?}", t.id, t.text, t.signature),
            Part::Text(t) => format!("text {:?} {:?}", t.text, t.signature),
            Part::ToolCall(c) => format!("call {:?} {:?}", c.id, c.signature),
            other => format!("{other:?}"),
        })
        .collect();
    words.join("\n")
}

#[test]
fn an_answer_without_a_call_leaves_nothing_with_chat() {
    let parts = vec![thought("hm", Some("sig")), text("42", None)];
    let sealed = kept(sealed(parts, Schema::Claude, Schema::Chat, true));
    assert_eq!(shown(&sealed), shown(&[text("42", None)]));
    let (opened, losses) = opened(sealed, Schema::Chat, Schema::Claude);
    assert_eq!((shown(&opened), losses), (shown(&[text("42", None)]), Vec::new()));
}

#[test]
fn a_call_without_an_id_gets_one_to_carry_with() {
    let parts = vec![call(None, Some("Z2Vt")), call(None, None)];
    let sealed = sealed(parts, Schema::Gemini, Schema::Chat, false);
    let (opened, _) = opened(sealed, Schema::Chat, Schema::Gemini);
    assert_eq!(shown(&opened), shown(&[call(Some("call_1a_0_0"), Some("Z2Vt")), call(None, None)]));
}

#[test]
fn a_carrier_reaches_back_no_further_than_the_one_before_it() {
    let parts = vec![thought("hm", Some("sig")), text("abcd", None)];
    let sealed = sealed(parts, Schema::Claude, Schema::Gemini, false);
    let [.., Part::Text(Text { signature: Some(envelope), .. })] = &sealed[..] else {
        panic!("{}", shown(&sealed));
    };
    let again = vec![
        text("abcd", None),
        text("", Some(envelope.as_ref())),
        text("xy", Some(envelope.as_ref())),
    ];
    let (opened, _) = opened(again, Schema::Gemini, Schema::Claude);
    let thought = || thought("hm", Some("sig"));
    let expected = [thought(), text("abcd", None), thought(), text("xy", None)];
    assert_eq!(shown(&opened), shown(&expected));
}

#[test]
fn a_text_comes_back_with_its_token_if_something_follows() {
    for (to, asked) in [(Schema::Claude, true), (Schema::Claude, false), (Schema::Responses, true)]
    {
        let said = || vec![text("42", Some("Z2Vt")), call(Some("c"), None)];
        let followed = sealed(said(), Schema::Gemini, to, asked);
        assert!(matches!(&followed[1], Part::Thinking(thought) if thought.text.is_empty()));
        let (opened, losses) = opened(followed, to, Schema::Gemini);
        assert_eq!((shown(&opened), losses), (shown(&said()), Vec::new()));
        // Agents read what is last: an answer does not end in a thought.
        let alone = sealed(vec![text("42", Some("Z2Vt"))], Schema::Gemini, to, asked);
        assert_eq!(shown(&alone), shown(&[text("42", None)]));
    }
}

#[test]
fn thoughts_that_nobody_signs_go_back_to_where_they_came_from_only() {
    let parts = || vec![thought("hm", None), call(Some("c"), None)];
    let kept = kept(sealed(parts(), Schema::Chat, Schema::Claude, true));
    let (back, losses) = opened(kept.clone(), Schema::Claude, Schema::Chat);
    assert_eq!((shown(&back), losses), (shown(&parts()), Vec::new()));
    for to in [Schema::Gemini, Schema::Claude, Schema::Responses] {
        let (other, losses) = opened(kept.clone(), Schema::Claude, to);
        assert_eq!(shown(&other), shown(&[call(Some("c"), None)]));
        assert_eq!(losses, [Loss::of("messages.thinking")]);
    }
}

#[test]
fn in_a_mixed_history_each_gets_its_own() {
    let of_gemini =
        sealed(vec![call(Some("g"), Some("Z2Vt"))], Schema::Gemini, Schema::Claude, true);
    let raw = [thought("hm", Some("raw")), Part::RedactedThinking("raw".into())];
    let history = || raw.iter().chain(&of_gemini).cloned().collect::<Vec<_>>();
    let lost = [Loss::of("messages.thinking")];

    let (for_claude, losses) = opened(history(), Schema::Claude, Schema::Claude);
    let bare = raw.iter().cloned().chain([call(Some("g"), None)]).collect::<Vec<_>>();
    assert_eq!(shown(&for_claude), shown(&bare));
    assert_eq!(losses, lost);

    let (for_gemini, losses) = opened(history(), Schema::Claude, Schema::Gemini);
    assert_eq!(shown(&for_gemini), shown(&[call(Some("g"), Some("Z2Vt"))]));
    assert_eq!(losses, lost);
}

#[test]
fn words_that_were_altered_keep_their_thoughts_near() {
    let parts = vec![
        text("One é", None),
        thought("hm", Some("sig")),
        text("two", None),
        call(Some("c"), None),
    ];
    let mut kept = kept(sealed(parts, Schema::Claude, Schema::Chat, false));
    // Where the words were cut there is half a letter now; and more was said than there is now.
    for words in ["One éé", "", "x"] {
        kept.retain(|part| !matches!(part, Part::Text(_)));
        kept.insert(0, text(words, None));
        let (opened, losses) = opened(kept.clone(), Schema::Chat, Schema::Claude);
        let thoughts = opened.iter().filter(|part| matches!(part, Part::Thinking(_))).count();
        assert_eq!((thoughts, losses), (1, Vec::new()), "{words}");
        assert!(matches!(opened.last(), Some(Part::ToolCall(_))));
    }
}

#[test]
fn what_is_too_large_is_not_carried() {
    let token = "!".repeat(MOST);
    for to in [Schema::Chat, Schema::Responses, Schema::Gemini] {
        for asked in [true, false] {
            let parts = vec![thought("hm", Some(&token)), call(Some("c"), None)];
            let sealed = kept(sealed(parts, Schema::Claude, to, asked));
            assert_eq!(shown(&sealed), shown(&[call(Some("c"), None)]), "{to} {asked}");
        }
    }
}

/// Turns of a provider with tokens in all places.
fn turns() -> impl Strategy<Value = Vec<Part<'static>>> {
    let token = || prop::option::of("[A-Za-z0-9+/]{4,12}={0,2}");
    let part = prop_oneof![
        (".{1,8}", token()).prop_map(|(words, token)| thought(&words, token.as_deref())),
        "[A-Za-z0-9]{4,12}".prop_map(|token| Part::RedactedThinking(Cow::Owned(token))),
        (".{1,8}", token()).prop_map(|(words, token)| text(&words, token.as_deref())),
        ("[a-z]{1,4}", token()).prop_map(|(id, token)| call(Some(&id), token.as_deref())),
    ];
    prop::collection::vec(part, 0..8)
}

/// Sends these parts, and a call behind them, to a caller of the schema `to` and back.
fn there_and_back(mut parts: Vec<Part<'static>>, asked: bool, to: usize) {
    let (from, to) = (Schema::ALL[(to + 1) % 4], Schema::ALL[to]);
    // Whatever was said last, a call carries it.
    parts.push(call(Some("last"), None));
    // Unsigned thoughts come back from who was shown them.
    let shows = asked && to != Schema::Chat;
    let whole = if shows { parts.clone() } else { kept(parts.clone()) };
    let (opened, losses) = opened(kept(sealed(parts, from, to, asked)), to, from);
    assert_eq!(shown(&opened), shown(&whole));
    assert_eq!(losses, Vec::new());
}

#[test]
fn a_token_behind_a_letter_of_two_bytes_comes_back() {
    there_and_back(vec![text("¡", Some("0aAa"))], false, 1);
}

proptest! {
    #[test]
    fn a_turn_comes_back_as_it_was(parts in turns(), asked: bool, to in 0..4_usize) {
        there_and_back(parts, asked, to);
    }
}
