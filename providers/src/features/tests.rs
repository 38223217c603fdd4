#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::*;
use crate::Schema::{self, Chat, Claude, Gemini, Responses};
use crate::json::Peek;

/// What a request makes use of that names a model, and has these members besides.
fn names(schema: Schema, body: &str) -> String {
    let members = body.strip_prefix('{').expect("an object");
    let body = format!(r#"{{"model":"m",{members}"#);
    let features = Peek::of(schema, body.as_bytes()).expect(&body).features();
    let names: Vec<&str> = features.iter().map(Feature::name).collect();
    names.join(" ")
}

const ALL: &str = "tools hosted_tools images audio files";
const MEDIA: &str = "images audio files";

#[test]
fn each_schema_says_it_in_its_own_words() {
    let turn = |schema: Schema, part: &str| match schema {
        Chat | Claude => format!(r#"{{"messages":[{{"role":"user","content":[{part}]}}]}}"#),
        Responses => format!(r#"{{"input":[{{"role":"user","content":[{part}]}}]}}"#),
        Gemini => format!(r#"{{"contents":[{{"role":"user","parts":[{part}]}}]}}"#),
    };
    for (schema, part, expected) in [
        (Chat, r#"{"type":"text","text":"an image_url"}"#, ""),
        (Chat, r#""just text""#, ""),
        (Chat, r#"{"type":"image_url","image_url":{"url":"https://x"}}"#, "images"),
        (Chat, r#"{"type":"input_audio","input_audio":{"data":""}}"#, "audio"),
        (Chat, r#"{"type":"file","file":{"file_id":"f"}}"#, "files"),
        (Chat, r#"{"type":"video_url","video_url":{"url":"https://x"}}"#, "files"),
        (Chat, r#"{"type":"hologram"}"#, MEDIA),
        (Chat, r#"{"type":7}"#, MEDIA),
        (Responses, r#"{"type":"input_image","image_url":null,"file_id":"f"}"#, "images"),
        (Responses, r#"{"type":"input_file","file_id":"f"}"#, "files"),
        (Responses, r#"{"type":"input_text","text":"x"}"#, ""),
        (Claude, r#"{"type":"image","source":{"type":"url","url":"https://x"}}"#, "images"),
        (Claude, r#"{"type":"document","source":{"type":"file","file_id":"f"}}"#, "files"),
        (
            Claude,
            r#"{"type":"document","source":{"type":"content","content":[{"type":"image"}]}}"#,
            "images files",
        ),
        (Claude, r#"{"type":"tool_result","content":[{"type":"image"}]}"#, "images"),
        (Claude, r#"{"type":"tool_use","input":{"type":"image","content":[7]}}"#, ""),
        (Claude, r#"{"type":"text","cache_control":{"type":"ephemeral"}}"#, ""),
        (Gemini, r#"{"text":"x","thought":true}"#, ""),
        (Gemini, r#"{"inlineData":{"mimeType":"image/png","data":""}}"#, "images"),
        (Gemini, r#"{"inline_data":{"mime_type":"audio/wav","data":""}}"#, "audio"),
        (Gemini, r#"{"fileData":{"mimeType":"application/pdf","fileUri":"x"}}"#, "files"),
        (Gemini, r#"{"fileData":{"fileUri":"x"}}"#, MEDIA),
        (Gemini, r#"{"functionResponse":{"name":"f","response":{"image":1}}}"#, ""),
        (
            Gemini,
            r#"{"functionResponse":{"parts":[{"inlineData":{"mimeType":"IMAGE/PNG"}}]}}"#,
            "images",
        ),
        (Gemini, r#"{"hologram":{}}"#, MEDIA),
    ] {
        assert_eq!(names(schema, &turn(schema, part)), expected, "{schema} {part}");
    }
}

#[test]
fn tools_are_told_from_those_that_the_provider_runs() {
    for (schema, body, expected) in [
        (Chat, r#"{"tools":[]}"#, ""),
        (Chat, r#"{"tools":null}"#, ""),
        (Chat, r#"{"tools":[{"type":"function","function":{"name":"f"}}]}"#, "tools"),
        (Chat, r#"{"tools":[{"type":"browser_search"}]}"#, "tools hosted_tools"),
        (Chat, r#"{"functions":[{"name":"f"}]}"#, "tools"),
        (Chat, r#"{"web_search_options":{}}"#, "tools hosted_tools"),
        (Chat, r#"{"web_search_options":null,"plugins":[],"enable_search":false}"#, ""),
        (Chat, r#"{"plugins":[{"id":"web"}]}"#, "tools hosted_tools"),
        (Chat, r#"{"enable_code_interpreter":true}"#, "tools hosted_tools"),
        (Chat, r#"{"enable_code_interpreter":false}"#, ""),
        (Chat, r#"{"data_sources":[{"type":"azure_search"}]}"#, "tools hosted_tools"),
        (Chat, r#"{"data_sources":[]}"#, ""),
        (Responses, r#"{"tools":[{"type":"custom","name":"x"}]}"#, "tools"),
        (Responses, r#"{"tools":[{"type":"mcp"}]}"#, "tools hosted_tools"),
        (Responses, r#"{"tools":[{"type":"namespace","tools":[{"type":"function"}]}]}"#, "tools"),
        (
            Responses,
            r#"{"tools":[{"type":"namespace","tools":[{"type":"web_search"}]}]}"#,
            "tools hosted_tools",
        ),
        (
            Responses,
            r#"{"input":[{"type":"additional_tools","tools":[{"type":"web_search"}]}]}"#,
            "tools hosted_tools",
        ),
        (Responses, r#"{"tools":["web_search"]}"#, ALL),
        (Responses, r#"{"prompt":{"id":"pmpt_1"}}"#, ALL),
        (Claude, r#"{"tools":[{"name":"f","input_schema":{}}]}"#, "tools"),
        (Claude, r#"{"tools":[{"type":"bash_20250124","name":"bash"}]}"#, "tools"),
        (Claude, r#"{"tools":[{"type":"web_search_20250305"}]}"#, "tools hosted_tools"),
        (Claude, r#"{"mcp_servers":[{"url":"https://x"}]}"#, "tools hosted_tools"),
        (Claude, r#"{"plugins":[{"id":"web"}]}"#, "tools hosted_tools"),
        (Claude, r#"{"plugins":[]}"#, ""),
        (Claude, r#"{"enable_search":true}"#, "tools hosted_tools"),
        (Gemini, r#"{"tools":[{}]}"#, ""),
        (Gemini, r#"{"tools":[{"functionDeclarations":[]}]}"#, ""),
        (Gemini, r#"{"tools":[{"functionDeclarations":[{"name":"f"}]}]}"#, "tools"),
        (Gemini, r#"{"tools":[{"function_declarations":[{"name":"f"}]}]}"#, "tools"),
        (Gemini, r#"{"tools":[{"googleSearch":{}}]}"#, "tools hosted_tools"),
        (Gemini, r#"{"tools":{"google_search":{}}}"#, "tools hosted_tools"),
        (Gemini, r#"{"cachedContent":"cachedContents/x"}"#, ALL),
        (Gemini, r#"{"requests":[{"content":{"parts":[{"inlineData":{}}]}}]}"#, MEDIA),
        (
            Gemini,
            r#"{"generateContentRequest":{"tools":[{"codeExecution":{}}]}}"#,
            "tools hosted_tools",
        ),
    ] {
        assert_eq!(names(schema, body), expected, "{schema} {body}");
    }
}

#[test]
fn a_models_name_may_ask_for_more() {
    for (name, expected) in [
        ("gpt-4o-mini", ""),
        ("openai/gpt-4o:online", "tools hosted_tools"),
        ("openai/gpt-4o:free:Online", "tools hosted_tools"),
        ("online", ""),
        ("perplexity/sonar-online", ""),
        ("anthropic.claude-haiku-4-5-20251001-v1:0", ""),
        ("@preset/mine", ALL),
        ("openai/gpt-4o@preset/mine", ALL),
        ("claude-sonnet-4-5@20250929", ""),
        ("gpt-4o-search-preview", "tools hosted_tools"),
        ("gpt-4o-mini-search-preview-2025-03-11", "tools hosted_tools"),
        ("openai/GPT-5-search-api", "tools hosted_tools"),
        ("gpt-5-search", ""),
        ("gpt-4o-search-preview/other", ""),
    ] {
        let names: Vec<&str> = Features::of_model(name).iter().map(Feature::name).collect();
        assert_eq!(names.join(" "), expected, "{name}");
    }
}

/// S-12: what a reader could take for it counts.
#[test]
fn s_12_no_spelling_hides_one() {
    for (schema, body, expected) in [
        (Chat, r#"{"messages":[{"content":[{"t\u0079pe":"im\u0061ge_url"}]}]}"#, "images"),
        (Chat, r#"{"messages":[{"content":[{"type":"image_url","type":"text"}]}]}"#, "images"),
        (Chat, r#"{"messages":[{"content":[{"type":"text","type":"image_url"}]}]}"#, "images"),
        (Chat, r#"{"messages":[{"content":[{"Type":"image_url"}]}]}"#, "images"),
        (Chat, r#"{"messages":[{"content":[{"type":"Image_URL"}]}]}"#, MEDIA),
        (Chat, r#"{"messages":[{"content":"x","Content":[{"type":"image_url"}]}]}"#, "images"),
        (Chat, r#"{"messages":[{"content":[{"type":"text","image_url":"x"}]}]}"#, "images"),
        (Chat, r#"{"messages":[{"content":[[{"type":"image_url"}]]}]}"#, "images"),
        (Chat, r#"{"messages":{"content":{"type":"image_url"}}}"#, "images"),
        (Gemini, r#"{"contents":[{"parts":[{"InlineData":{"mimetype":"image/png"}}]}]}"#, "images"),
        (Claude, r#"{"tools":[{"type":"web_search_x","type":"custom"}]}"#, "tools hosted_tools"),
        // Half of a surrogate pair: readers differ, but a text remains a text.
        (Chat, r#"{"messages":[{"content":"\ud800"}]}"#, ""),
        (Chat, r#"{"messages":[{"content":[{"type":"\ud800"}]}]}"#, MEDIA),
        (Chat, r#"{"messages":[{"content":[{"image_ur\ud800l":"x"}]}]}"#, ALL),
    ] {
        assert_eq!(names(schema, body), expected, "{schema} {body}");
    }
}

/// What is looked into is read as strictly as what is passed over, and refused in the same words.
#[test]
fn where_they_are_looked_for_all_must_be_json() {
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    // Of the body itself one is used up.
    for inside in [&deep(127), r#"[{"content":"x","type":["text"],"source":{}}]"#] {
        assert!(refusals(inside).iter().all(Option::is_none), "{inside}");
    }
    for inside in [
        r#"[{"content":"x"},]"#,
        r#"[{"content":"x",}]"#,
        r#"[{"content":"x"}}"#,
        r#"[{"content":"x"]]"#,
        r#"[{"content" "x"}]"#,
        r#"[{content:"x"}]"#,
        r#"[{"content":"x" "y"}]"#,
        r#"[{"content":tru}]"#,
        r#"[{"content":"\x"}]"#,
        "[{\"content\":\"\n\"}]",
        r#"[{"type":["text",]}]"#,
        r#"[{"tools":[{"type":"custom",}]}]"#,
        r#"[{"source":{"content":}}]"#,
        "[",
        &deep(128),
        &deep(500),
    ] {
        let [passed, looked @ ..] = refusals(inside);
        assert!(passed.is_some(), "{inside}");
        assert!(looked.iter().all(|refusal| *refusal == passed), "{inside}: {looked:?}");
    }
}

/// What is said of a body that has this in it: where nobody looks, in `tools`, which governs, and
/// in `messages`, in both cases behind as many bytes.
fn refusals(inside: &str) -> [Option<String>; 3] {
    ["passages", "tools", "messages"].map(|name| {
        let space = " ".repeat(8 - name.len());
        let body = format!(r#"{{"model":"m",{space}"{name}":{inside}}}"#);
        Peek::of(Chat, body.as_bytes()).err().map(|refusal| refusal.to_string())
    })
}

proptest! {
    /// Whatever stands around it, an image is found.
    #[test]
    fn an_image_is_found_wherever_it_stands(
        before in 0..4_usize, after in 0..4_usize, nested in any::<bool>(), text in "[ -!#-\\[\\]-~]{0,20}",
    ) {
        let plain = format!(r#"{{"type":"text","text":"{text}"}}"#);
        let image = r#"{"type":"image","source":{"type":"url","url":"https://x"}}"#;
        let image = match nested {
            true => format!(r#"{{"type":"tool_result","tool_use_id":"t","content":[{image}]}}"#),
            false => image.to_owned(),
        };
        let mut parts = vec![plain.clone(); before];
        let without = [parts.clone(), vec![plain.clone(); after]].concat();
        parts.push(image);
        parts.extend(vec![plain; after]);
        let body = |parts: Vec<String>| {
            format!(r#"{{"messages":[{{"role":"user","content":[{}]}}]}}"#, parts.join(","))
        };
        prop_assert_eq!(names(Claude, &body(parts)), "images");
        prop_assert_eq!(names(Claude, &body(without)), "");
    }
}
