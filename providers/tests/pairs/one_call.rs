//! A caller that allows one call a turn, and a provider that can't be told.

use bytes::Bytes;
use providers::Schema::{self, Chat, Claude, Gemini};
use providers::catalog::Catalog;
use providers::codec::{Reply, Target};
use providers::relay::{Outcome, Relay};
use providers::surface::Operation;
use providers::translate::{Inbound, Leeway};

use super::answer::{ANSWERS, COST};
use super::caller::{self, Read};
use super::provider;
use super::support::seal;

/// Two tools, one call at a time, in each schema that can say so.
const ASKED: [(Schema, &str); 2] = [
    (
        Chat,
        r#"{"model":"asked","messages":[{"role":"user","content":"Hi"}],"parallel_tool_calls":false,
        "tools":[{"type":"function","function":{"name":"look"}},{"type":"function","function":{"name":"now"}}]}"#,
    ),
    (
        Claude,
        r#"{"model":"asked","max_tokens":9,"messages":[{"role":"user","content":"Hi"}],
        "tool_choice":{"type":"any","disable_parallel_tool_use":true},
        "tools":[{"name":"look","input_schema":{"type":"object"}},{"name":"now","input_schema":{"type":"object"}}]}"#,
    ),
];

fn reply() -> Reply {
    Reply { id: "1a2b".to_owned(), include_usage: true, first_call_only: true, ..Reply::default() }
}

fn check(read: &Read, to: Schema) {
    let names: Vec<&str> = read.calls.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["look"], "{to}");
    assert_eq!(read.text, "One moment", "{to}");
    assert_eq!(read.tokens, COST, "{to}");
}

#[test]
fn the_first_call_is_kept() {
    let three = ANSWERS.iter().find(|answer| answer.name.contains("three at once")).unwrap();
    let capabilities = Catalog::bundled().capabilities(Gemini, "gemini-2.5-flash");
    let target = Target { model: "gemini-2.5-flash", capabilities: &capabilities };
    for (to, body) in ASKED {
        let body = Bytes::from(body);
        let operation = Operation::Generate { stream: None, json_array: false };
        let mut inbound = Inbound::of(operation, to, &body, None).unwrap();
        assert!(!inbound.first_call_only(), "what is not translated is not changed");
        let seal = seal("backend", target.model, "route");
        let (_, encoded) = inbound.encode(&[(Gemini, target)], &Leeway::default(), &seal).unwrap();
        assert_eq!(encoded.losses, []);
        let emulated: Vec<&str> = encoded.emulated.iter().map(|field| &*field.field).collect();
        let field = match to {
            Chat => "parallel_tool_calls",
            _ => "tool_choice.disable_parallel_tool_use",
        };
        assert_eq!(emulated, [field]);
        assert!(inbound.first_call_only());

        let whole = Bytes::from(provider::whole(Gemini, three));
        let answered = inbound.answer(Gemini, &whole, &reply(), &seal).unwrap();
        check(&caller::whole(to, &answered.body.unwrap()), to);

        let stream = Bytes::from(provider::events(Gemini, three).concat());
        let encoder = to.codec().stream_encoder(reply());
        let mut relay =
            Relay::translate(Gemini.codec().stream_decoder(), encoder).first_call_only();
        let mut out = relay.push(&stream).to_vec();
        let (rest, outcome) = relay.end();
        out.extend_from_slice(&rest);
        assert_eq!(outcome, Outcome::Complete);
        let stream = caller::stream(to, &out);
        assert_eq!(stream.error, None);
        check(&stream.read, to);
    }
}
