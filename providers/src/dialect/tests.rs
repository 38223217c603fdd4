#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap()
}

type Pass = fn(&RawValue) -> Result<(Cow<'_, RawValue>, bool), Refusal>;

fn strict(raw: &RawValue) -> Result<(Cow<'_, RawValue>, bool), Refusal> {
    Ok((for_openai_strict(raw)?.unwrap_or(Cow::Borrowed(raw)), false))
}

/// The result's text and whether it is lossy.
fn passed(pass: Pass, text: &str) -> (String, bool) {
    let raw = raw(text);
    let (schema, lossy) = pass(&raw).unwrap();
    (schema.get().to_owned(), lossy)
}

fn opened(text: &str) -> String {
    from_openapi(&raw(text)).unwrap().get().to_owned()
}

#[test]
fn openapi_becomes_json_schema() {
    for (openapi, schema) in [
        (r#"{"type":"STRING"}"#, r#"{"type":"string"}"#),
        (r#"{"type":"TYPE_UNSPECIFIED"}"#, r#"{}"#),
        (r#"{"type":"STRING","nullable":true}"#, r#"{"type":["string","null"]}"#),
        (r#"{"type":"STRING","nullable":false}"#, r#"{"type":"string"}"#),
        (r#"{"nullable":true,"type":["STRING","NULL"]}"#, r#"{"type":["string","null"]}"#),
        (
            r#"{"type":"STRING","format":"enum","enum":["A"],"nullable":true}"#,
            r#"{"type":["string","null"],"enum":["A",null]}"#,
        ),
        (
            r#"{"anyOf":[{"type":"STRING"}],"nullable":true}"#,
            r#"{"anyOf":[{"type":"string"},{"type":"null"}]}"#,
        ),
        (
            r#"{"type":"ARRAY","minItems":"1","maxItems":9,"items":{"type":"INTEGER","format":"int32","minimum":1.0}}"#,
            r#"{"type":"array","minItems":1,"maxItems":9,"items":{"type":"integer","format":"int32","minimum":1.0}}"#,
        ),
        (
            r#"{"type":"OBJECT","properties":{"type":{"type":"STRING"},"a":{"type":"NUMBER"}},"propertyOrdering":["a","type"],"required":["type"]}"#,
            r#"{"type":"object","properties":{"a":{"type":"number"},"type":{"type":"string"}},"required":["type"]}"#,
        ),
        (
            r#"{"any_of":[{"type":"STRING","max_length":"5"}],"property_ordering":[]}"#,
            r#"{"anyOf":[{"type":"string","maxLength":5}]}"#,
        ),
        (r#"{"type":"STRING","example":"x"}"#, r#"{"type":"string","examples":["x"]}"#),
        // A property or a value of that name is not the keyword.
        (
            r#"{"properties":{"nullable":{"type":"BOOLEAN"},"any_of":{}},"default":{"type":"STRING"}}"#,
            r#"{"properties":{"nullable":{"type":"boolean"},"any_of":{}},"default":{"type":"STRING"}}"#,
        ),
    ] {
        assert_eq!(opened(openapi), schema, "{openapi}");
        assert_eq!(opened(schema), schema, "twice is once");
    }
}

#[test]
fn gemini_gets_what_it_accepts() {
    for (schema, gemini, lossy) in [
        (r#"{"$schema":"x","$comment":"y","type":"object"}"#, r#"{"type":"object"}"#, false),
        (r#"{"const":"a"}"#, r#"{"enum":["a"]}"#, false),
        (r#"{"const":true}"#, "{}", true),
        (
            r#"{"type":["string","null"],"enum":["a",null]}"#,
            r#"{"type":["string","null"],"enum":["a"]}"#,
            false,
        ),
        (r#"{"enum":["a",null]}"#, "{}", true),
        (r#"{"type":"null","const":null}"#, r#"{"type":"null"}"#, false),
        (
            r#"{"type":"integer","exclusiveMinimum":0,"exclusiveMaximum":10}"#,
            r#"{"type":"integer","minimum":1,"maximum":9}"#,
            false,
        ),
        (
            r#"{"type":"integer","exclusiveMinimum":0,"minimum":5}"#,
            r#"{"type":"integer","minimum":5}"#,
            false,
        ),
        (r#"{"type":"number","exclusiveMinimum":0}"#, r#"{"type":"number","minimum":0}"#, true),
        (
            r#"{"type":"number","exclusiveMaximum":3,"maximum":2}"#,
            r#"{"type":"number","maximum":2}"#,
            true,
        ),
        (
            r#"{"type":"integer","minimum":3,"exclusiveMinimum":true}"#,
            r#"{"type":"integer","minimum":4}"#,
            false,
        ),
        (
            r#"{"type":"integer","minimum":3,"exclusiveMinimum":false}"#,
            r#"{"type":"integer","minimum":3}"#,
            false,
        ),
        (
            r#"{"type":"integer","exclusiveMinimum":9223372036854775807}"#,
            r#"{"type":"integer","minimum":9223372036854775807}"#,
            true,
        ),
        (
            r##"{"$ref":"#/$defs/A","description":"d"}"##,
            r##"{"anyOf":[{"$ref":"#/$defs/A"}],"description":"d"}"##,
            false,
        ),
        (
            r##"{"allOf":[{"$ref":"#/$defs/A"}],"title":"t"}"##,
            r##"{"title":"t","anyOf":[{"$ref":"#/$defs/A"}]}"##,
            false,
        ),
        (r#"{"allOf":[{"type":"string"},{"title":"x"}]}"#, "{}", true),
        (
            r##"{"properties":{"a":{"$ref":"#/definitions/A"}},"definitions":{"A":{"pattern":"x"}}}"##,
            r##"{"properties":{"a":{"$ref":"#/$defs/A"}},"$defs":{"A":{}}}"##,
            true,
        ),
        (
            r#"{"properties":{"pattern":true,"b":false}}"#,
            r#"{"properties":{"pattern":{},"b":{}}}"#,
            true,
        ),
        (r#"{"type":"string","minLength":1}"#, r#"{"type":"string"}"#, true),
    ] {
        assert_eq!(passed(for_gemini, schema), (gemini.to_owned(), lossy), "{schema}");
    }
}

#[test]
fn claude_gets_closed_objects_and_reads_the_rest() {
    for (schema, claude, lossy) in [
        (
            r#"{"type":"object","properties":{"a":{"type":"object"}}}"#,
            r#"{"type":"object","properties":{"a":{"type":"object","additionalProperties":false}},"additionalProperties":false}"#,
            false,
        ),
        (
            r#"{"type":"object","additionalProperties":{"type":"string"}}"#,
            r#"{"type":"object","additionalProperties":false}"#,
            true,
        ),
        (r#"{"oneOf":[{"type":"string"}]}"#, r#"{"anyOf":[{"type":"string"}]}"#, false),
        (
            r#"{"type":"string","minLength":1,"description":"d","pattern":"\\d"}"#,
            r#"{"type":"string","description":"d\n\n{minLength: 1, pattern: \"\\\\d\"}"}"#,
            true,
        ),
        (
            r#"{"type":"string","format":"int32"}"#,
            r#"{"type":"string","description":"{format: \"int32\"}"}"#,
            true,
        ),
        (r#"{"$schema":"x","type":"string"}"#, r#"{"type":"string"}"#, false),
        (
            r#"{"type":"array","minItems":2}"#,
            r#"{"type":"array","description":"{minItems: 2}"}"#,
            true,
        ),
        (
            r##"{"$ref":"#/definitions/A","description":"d"}"##,
            r##"{"anyOf":[{"$ref":"#/$defs/A"}],"description":"d"}"##,
            false,
        ),
    ] {
        assert_eq!(passed(for_claude_format, schema), (claude.to_owned(), lossy), "{schema}");
    }
}

#[test]
fn openai_gets_closed_objects_only_where_nothing_else_is_amiss() {
    let able = r#"{"type":"object","properties":{"a":{"type":"object"}},"required":["a"]}"#;
    let closed = r#"{"type":"object","properties":{"a":{"type":"object","additionalProperties":false}},"required":["a"],"additionalProperties":false}"#;
    assert_eq!(passed(strict, able).0, closed);
    for left in [
        r#"{"type":"object","properties":{"a":{}}}"#,
        r#"{"type":"object","additionalProperties":true}"#,
        r#"{"anyOf":[{"type":"object"},{"properties":{"a":{}},"required":[]}]}"#,
    ] {
        assert_eq!(passed(strict, left).0, left);
    }
}

#[test]
fn what_is_fine_comes_back_byte_for_byte() {
    let schema = "{ \"type\" : \"object\",\n\"properties\":{\"a\\u0062\": {\"type\":\"number\", \
                  \"enum\":[1.0, 1e2, 123456789012345678901234567890]}},\r\n \"required\": [\"ab\"],\
                  \"additionalProperties\": false }";
    for pass in [for_gemini as Pass, for_claude_format, strict] {
        let raw = raw(schema);
        assert!(
            matches!(pass(&raw).unwrap(), (Cow::Borrowed(same), false) if same.get() == schema)
        );
    }
}

#[test]
fn spelling_and_order_survive_a_change() {
    let schema = r#"{"z":1,"const":1.0,"title":"\u00e4\"","minimum":-1E+400,"a b":[]}"#;
    assert_eq!(
        passed(for_gemini, schema).0,
        r#"{"enum":[1.0],"title":"\u00e4\"","minimum":-1E+400}"#
    );
}

#[test]
fn bad_schemas_are_refused() {
    let deep = |depth| format!("{}1{}", r#"{"items":["#.repeat(depth), "]}".repeat(depth));
    for pass in [for_gemini as Pass, for_claude_format, strict] {
        assert!(pass(&raw(&deep(50))).is_ok());
        assert!(pass(&raw(&deep(51))).unwrap_err().message.contains("flatter"));
        assert!(pass(&raw(&deep(100_000))).is_err());
        let twice = pass(&raw(r#"{"type":"object","typ\u0065":"string"}"#)).unwrap_err();
        assert!(twice.message.contains("twice"));
    }
    assert!(from_openapi(&raw(r#"{"any_of":[],"anyOf":[]}"#)).is_err());
}

/// JSON that looks much like a schema.
fn schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop::sample::select(vec![
            "string",
            "OBJECT",
            "object",
            "integer",
            "date",
            "#/definitions/a",
            "\"\\\u{e4}"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        let name = prop::sample::select(vec![
            "type",
            "properties",
            "items",
            "anyOf",
            "oneOf",
            "allOf",
            "$ref",
            "$defs",
            "definitions",
            "enum",
            "const",
            "required",
            "additionalProperties",
            "exclusiveMinimum",
            "minimum",
            "maximum",
            "exclusiveMaximum",
            "nullable",
            "description",
            "format",
            "minItems",
            "propertyOrdering",
            "any_of",
            "$schema",
            "a",
            "\"\n",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..6).prop_map(|members| Value::Object(
                members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
            )),
        ]
    })
}

proptest! {
    #[test]
    fn a_tree_is_the_json_it_was_read_from(value in schema(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        let raw = raw(&text.unwrap());
        let mut written = String::new();
        tree::parse(&raw).unwrap().write(&mut written);
        prop_assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), value);
    }

    #[test]
    fn what_a_pass_gives_it_leaves_alone(value in schema()) {
        let raw = raw(&value.to_string());
        for pass in [for_gemini as Pass, for_claude_format, strict] {
            let (once, _) = pass(&raw).unwrap();
            let (twice, lossy) = pass(&once).unwrap();
            prop_assert!(matches!(twice, Cow::Borrowed(_)), "{} then {}", once, twice);
            prop_assert!(!lossy);
        }
        if let Ok(once) = from_openapi(&raw) {
            let twice = from_openapi(&once).unwrap();
            prop_assert_eq!(twice.get(), once.get());
        }
    }
}
