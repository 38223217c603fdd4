//! Where in the four schemas something stands, and what it counts as (`wire.md` §2).

use super::{Feature, Features};
use crate::Schema;

/// A place in a request, and how its value is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Zone {
    /// The outermost object, or one like it.
    Request,
    /// A text, a part, or a list of these: messages, their contents, items.
    Content,
    /// An object that is a message or a part of one.
    Part,
    /// What kind of part it is.
    PartKind,
    /// Gemini's media, with their type.
    Blob,
    /// The media's type.
    Mime,
    /// Where Claude's media are from: may hold parts.
    Source,
    /// A tool, or a list of tools.
    Tools,
    /// One tool.
    Tool,
    /// What kind of tool it is.
    ToolKind,
    /// It counts as these, unless it is null, false or an empty list.
    Counts(Features),
    /// It does not matter.
    Skip,
}

const TOOLS: Features = Features::NONE.with(Feature::Tools);
const HOSTED: Features = TOOLS.with(Feature::HostedTools);
const IMAGES: Features = Features::NONE.with(Feature::Images);
const AUDIO: Features = Features::NONE.with(Feature::Audio);
const FILES: Features = Features::NONE.with(Feature::Files);

/// What the value of a key is, in an object at this place.
pub(super) fn inside(schema: Schema, zone: Zone, key: &str) -> Zone {
    if zone == Zone::Skip {
        return Zone::Skip;
    }
    let mut letters = [0; KEY_MAX];
    let key = folded(key, &mut letters);
    match zone {
        Zone::Request => request(schema, key),
        Zone::Part if schema == Schema::Gemini => gemini_part(key),
        Zone::Part => part(key),
        Zone::Source if key == "content" => Zone::Content,
        Zone::Blob if key == "mimetype" => Zone::Mime,
        Zone::Tool if schema == Schema::Gemini => match key {
            // The caller drives the computer.
            "functiondeclarations" | "computeruse" => Zone::Counts(TOOLS),
            _ => Zone::Counts(HOSTED),
        },
        Zone::Tool => match key {
            "type" => Zone::ToolKind,
            // Several tools under one name.
            "tools" => Zone::Tools,
            _ => Zone::Skip,
        },
        _ => Zone::Skip,
    }
}

fn request(schema: Schema, key: &str) -> Zone {
    match (schema, key) {
        (_, "tools") => Zone::Tools,
        (Schema::Chat, "functions") => Zone::Counts(TOOLS),
        // Hosts have tools of their own under these.
        (
            Schema::Chat | Schema::Responses | Schema::Claude,
            "websearchoptions"
            | "searchparameters"
            | "plugins"
            | "enablesearch"
            | "enablecodeinterpreter"
            | "connectors"
            | "mcpservers"
            | "datasources",
        ) => Zone::Counts(HOSTED),
        (Schema::Chat, "messages" | "input") => Zone::Content,
        (Schema::Responses, "input" | "instructions") => Zone::Content,
        (Schema::Claude, "messages" | "system") => Zone::Content,
        (Schema::Claude, "container") => Zone::Counts(HOSTED),
        (Schema::Gemini, "contents" | "content" | "systeminstruction") => Zone::Content,
        // Embeddings and counts hold requests.
        (Schema::Gemini, "requests" | "generatecontentrequest") => Zone::Request,
        // What the provider keeps may hold anything.
        (Schema::Responses, "prompt") | (Schema::Gemini, "cachedcontent") => {
            Zone::Counts(Features::ALL)
        }
        _ => Zone::Skip,
    }
}

/// Of a message, an item, or a part of one.
fn part(key: &str) -> Zone {
    match key {
        "type" => Zone::PartKind,
        "content" | "output" | "outputs" => Zone::Content,
        "source" => Zone::Source,
        "tools" => Zone::Tools,
        "imageurl" | "image" | "images" => Zone::Counts(IMAGES),
        "inputaudio" | "audio" | "audiourl" => Zone::Counts(AUDIO),
        "videourl" | "video" => Zone::Counts(FILES),
        _ => Zone::Skip,
    }
}

/// Of Gemini's contents, where a key says what a part is.
fn gemini_part(key: &str) -> Zone {
    match key {
        "parts" => Zone::Content,
        "functionresponse" => Zone::Part,
        "inlinedata" | "filedata" => Zone::Blob,
        "role" | "text" | "thought" | "thoughtsignature" | "functioncall" | "executablecode"
        | "codeexecutionresult" | "videometadata" | "mediaresolution" | "partmetadata"
        | "toolcall" | "toolresponse"
        // Of a function's response.
        | "id" | "name" | "response" | "willcontinue" | "scheduling" => Zone::Skip,
        _ => Zone::Counts(Features::MEDIA),
    }
}

/// What a part of this kind counts as.
pub(super) fn part_kind(kind: &str) -> Features {
    match kind {
        "image" | "image_url" | "input_image" | "computer_screenshot" | "image_generation_call" => {
            IMAGES
        }
        "input_audio" | "audio" | "audio_url" => AUDIO,
        "file" | "input_file" | "document" | "container_upload" | "video" | "video_url"
        | "input_video" => FILES,
        "text"
        | "input_text"
        | "output_text"
        | "summary_text"
        | "reasoning_text"
        | "refusal"
        | "message"
        | "reasoning"
        | "thinking"
        | "redacted_thinking"
        | "search_result"
        | "tool_reference"
        | "item_reference"
        | "compaction"
        | "compaction_summary"
        | "compaction_trigger"
        | "connector_text"
        | "fallback"
        | "mcp_list_tools"
        | "mcp_approval_request"
        | "mcp_approval_response"
        | "additional_tools" => Features::NONE,
        // Calls, and what came of them; what these hold is looked into.
        _ if ["_call", "_use", "_result", "_output", "_error"]
            .iter()
            .any(|end| kind.ends_with(end)) =>
        {
            Features::NONE
        }
        _ => Features::MEDIA,
    }
}

/// What a tool of this kind counts as: Gemini's have none.
pub(super) fn tool_kind(schema: Schema, kind: &str) -> Features {
    let run_by_caller = match schema {
        Schema::Claude => {
            let begins = ["computer_", "bash_", "text_editor_", "memory_"];
            kind == "custom" || begins.iter().any(|start| kind.starts_with(start))
        }
        Schema::Chat | Schema::Responses => {
            let known = ["function", "custom", "namespace", "local_shell", "apply_patch"];
            known.contains(&kind) || kind.starts_with("computer")
        }
        Schema::Gemini => false,
    };
    if run_by_caller { TOOLS } else { HOSTED }
}

/// How many presets a model's name holds.
pub(super) fn presets(name: &str) -> usize {
    // Nearly none has one, and every call is asked.
    if name.contains('@') { name.to_ascii_lowercase().matches("@preset/").count() } else { 0 }
}

/// Models that search in every call of Chat, by what their names begin with (`charges.toml` has
/// what that costs).
const SEARCHING: [&str; 3] =
    ["gpt-4o-search-preview", "gpt-4o-mini-search-preview", "gpt-5-search-api"];

/// What a model's name asks for by itself: OpenAI has models that search, OpenRouter a search behind
/// `:online`, and whatever an account has set behind `@preset/`.
pub(super) fn model(name: &str) -> Features {
    let last = name.rsplit('/').next().unwrap_or_default();
    let begins = |begin: &&str| {
        last.get(..begin.len()).is_some_and(|start| start.eq_ignore_ascii_case(begin))
    };
    if presets(name) > 0 {
        Features::ALL
    } else if name.split(':').skip(1).any(|part| part.eq_ignore_ascii_case("online"))
        || SEARCHING.iter().any(begins)
    {
        HOSTED
    } else {
        Features::NONE
    }
}

/// What media of this type count as.
pub(super) fn mime(text: &str) -> Features {
    let kind = text.trim().to_ascii_lowercase();
    match kind.split_once('/') {
        Some(("image", _)) => IMAGES,
        Some(("audio", _)) => AUDIO,
        Some(("video" | "text" | "application", _)) => FILES,
        _ => Features::MEDIA,
    }
}

/// More letters than any key has that is looked for here.
const KEY_MAX: usize = 24;

/// A key as it is looked up: readers differ in capitals, and in `_` between words. One that is
/// longer than all that are looked for is none of them, and empty.
fn folded<'k>(key: &'k str, letters: &'k mut [u8; KEY_MAX]) -> &'k str {
    if key.len() <= KEY_MAX && key.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return key;
    }
    let mut len = 0;
    for c in key.chars().filter(|c| *c != '_') {
        let Some(letter) = letters.get_mut(len) else { return "" };
        *letter = match c {
            '\u{17f}' => b's',
            '\u{212a}' => b'k',
            // No key that is looked for has letters beyond ASCII.
            _ => u8::try_from(c.to_ascii_lowercase()).ok().filter(u8::is_ascii).unwrap_or(b'?'),
        };
        len += 1;
    }
    std::str::from_utf8(letters.get(..len).unwrap_or_default()).unwrap_or_default()
}
