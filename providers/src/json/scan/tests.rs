#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;
use serde::de::IgnoredAny;

use super::*;

/// Whether the whole text is one JSON value.
fn check(text: &[u8]) -> Result<(), Malformed> {
    let mut scanner = Scanner::new(text);
    scanner.value()?;
    scanner.space();
    if scanner.next().is_some() { Err(scanner.wrong("the end")) } else { Ok(()) }
}

fn serde_accepts(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok())
}

#[test]
fn accepts_what_the_grammar_allows() {
    for text in [
        "0",
        "-0",
        "1E2",
        "1e+2",
        "0.10e-05",
        "123456789012345678901234567890",
        "1e999",
        " \t\r\n[ ] ",
        "{}",
        r#"{"a":[{"b":null},true,false,"é\ud800\u0000\/"],"":{}}"#,
        "[[],[[]],{\"a\":{}}]",
    ] {
        assert_eq!(check(text.as_bytes()), Ok(()), "{text}");
        assert!(serde_accepts(text.as_bytes()), "{text}");
    }
}

#[test]
fn refuses_all_else_and_says_where() {
    for (text, at) in [
        (&b""[..], 0),
        (b" ", 1),
        (b"[1,]", 3),
        (b"[1 2]", 3),
        (b"[1}", 2),
        (b"{\"a\":1]", 6),
        (b"{a:1}", 1),
        (b"{\"a\" 1}", 5),
        (b"{\"a\":1,}", 7),
        (b"{'a':1}", 1),
        (b"01", 1),
        (b"+1", 0),
        (b".5", 0),
        (b"1.", 2),
        (b"1e", 2),
        (b"-", 1),
        (b"NaN", 0),
        (b"nul", 0),
        (b"truex", 4),
        (b"[1]\0", 3),
        (b"\0[1]", 0),
        (b"[\x0b1]", 1),
        (b"\"a\nb\"", 2),
        (b"\"a\0b\"", 2),
        (b"\"\\x\"", 1),
        (b"\"\\u12g4\"", 1),
        (b"\"\\u12", 1),
        (b"\"abc", 0),
        (b"\"abc\\", 4),
        (b"[\"ab\xff\"]", 4),
        (b"\"\xed\xa0\x80\"", 1),
        (b"\"\xc0\xaf\"", 1),
        (b"[] []", 3),
        (b"/**/1", 0),
        (b"[\xc3\xa9]", 1),
    ] {
        assert_eq!(check(text).unwrap_err().at, at, "{}", text.escape_ascii());
        assert!(!serde_accepts(text), "{}", text.escape_ascii());
    }
}

#[test]
fn depth_is_limited_and_brackets_in_strings_are_not_depth() {
    let limit = DEPTH_LIMIT as usize;
    for (open, close, levels) in
        [("[", "]", limit), ("{\"a\":", "}", limit), ("[{\"\":", "}]", limit / 2)]
    {
        let nest = |n: usize| format!("{}0{}", open.repeat(n), close.repeat(n));
        assert_eq!(check(nest(levels).as_bytes()), Ok(()));
        let error = check(nest(levels + 1).as_bytes()).unwrap_err();
        assert!(error.what.contains("deeper than 128 levels"), "{}", error.what);
        assert!(check(open.repeat(1_000_000).as_bytes()).unwrap_err().what.contains("deeper"));
    }
    let text = format!("\"{}\\\"{}\"", "[".repeat(1000), "{".repeat(1000));
    assert_eq!(check(text.as_bytes()), Ok(()));
}

#[test]
fn a_refusal_names_line_column_and_byte() {
    let body = b"{\n  \"a\": 1,\n  \"b\": tru\n}";
    let refusal = check(body).unwrap_err().refusal(body);
    assert!(refusal.message.contains("at line 3, column 8 (byte 19)"), "{}", refusal.message);
}

#[test]
fn control_characters_are_found_at_every_place_of_a_long_string() {
    for len in 0..100 {
        for bad in [0, b'\n', 0x1f, 0xff, 0xc3] {
            let mut text = vec![b'"'];
            text.extend(std::iter::repeat_n(b'a', len));
            text.push(bad);
            text.extend(std::iter::repeat_n(b'b', 99 - len));
            text.push(b'"');
            assert_eq!(check(&text).unwrap_err().at, len + 1);
        }
    }
}

/// JSON in odd spellings.
pub(in crate::json) fn odd_json() -> impl Strategy<Value = String> {
    let space = prop_oneof![4 => Just(""), 1 => Just(" "), 1 => Just("\r\n\t")];
    let scalar = prop_oneof![
        Just("1E2".to_owned()),
        Just("-0".to_owned()),
        Just("-0.0e-0".to_owned()),
        "[1-9][0-9]{29}",
        "-?(0|[1-9][0-9]{0,5})(\\.[0-9]{1,5})?([eE][+-]?[0-9]{1,3})?",
        Just("null".to_owned()),
        Just("true".to_owned()),
        odd_string(),
    ];
    let spaced = (space.clone(), scalar, space.clone()).prop_map(|(a, b, c)| format!("{a}{b}{c}"));
    spaced.prop_recursive(4, 40, 5, move |inner| {
        let member =
            (odd_string(), inner.clone()).prop_map(|(name, value)| format!("{name}:{value}"));
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(|items| format!("[{}]", items.join(","))),
            (space.clone(), prop::collection::vec(member, 0..5))
                .prop_map(|(space, members)| format!("{{{}{space}}}", members.join(","))),
        ]
    })
}

fn odd_string() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[ -!#-\\[\\]-~]{1,40}",
        "\\PC{1,3}".prop_map(|text| text.replace(['"', '\\'], "")),
        Just("\\u006d".to_owned()),
        Just("\\ud83d\\ude00".to_owned()),
        Just("\\/\\n\\\"\\\\".to_owned()),
        Just("[{".to_owned()),
    ];
    prop::collection::vec(piece, 0..4).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

proptest! {
    #[test]
    fn odd_spellings_are_accepted(text in odd_json()) {
        prop_assert!(serde_accepts(text.as_bytes()));
        prop_assert_eq!(check(text.as_bytes()), Ok(()));
    }

    #[test]
    fn agrees_with_serde_on_damaged_text(
        text in odd_json(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), 0..3u8, any::<u8>()), 1..3),
    ) {
        let mut text = text.into_bytes();
        for (at, how, byte) in damage {
            let at = at.index(text.len());
            match how {
                0 => text[at] = byte,
                1 => text.insert(at, byte),
                _ => drop(text.remove(at)),
            }
            if text.is_empty() { text.push(b' '); }
        }
        prop_assert_eq!(check(&text).is_ok(), serde_accepts(&text), "{}", text.escape_ascii());
    }

    #[test]
    fn agrees_with_serde_on_soup(text in "[\\[\\]{}\",:0-9eE.+\\-\\\\utrflasn \n]{0,30}") {
        prop_assert_eq!(check(text.as_bytes()).is_ok(), serde_accepts(text.as_bytes()));
    }

    #[test]
    fn any_bytes_do_no_harm(text in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(check(&text).is_ok(), serde_accepts(&text));
    }
}
