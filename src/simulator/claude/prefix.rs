//! What comes before a thought: newer models take a thought back only after the same (wire.md §6).

use crc32fast::Hasher;

use super::super::json::Json;

/// Names the model, system, tools and messages that a thought came after. Where the cache begins
/// does not matter, nor whether a text stands alone or in a block.
pub(super) fn of(body: &Json<'_>, model: &str, before: &[Json<'_>]) -> u32 {
    let mut hasher = Hasher::new();
    hasher.update(model.as_bytes());
    for name in ["system", "tools"] {
        for item in body.get(name).map_or(&[][..], Json::items) {
            add(item, &mut hasher);
        }
    }
    for message in before {
        hasher.update(message.get("role").and_then(Json::text).unwrap_or_default().as_bytes());
        for block in message.get("content").map_or(&[][..], Json::items) {
            add(block, &mut hasher);
        }
    }
    hasher.finalize()
}

fn add(json: &Json<'_>, hasher: &mut Hasher) {
    match json {
        Json::Object(members) => {
            for (key, value) in members {
                // A block of text counts as its text.
                if key != "cache_control"
                    && *value != Json::Null
                    && !(key == "type" && value.text() == Some("text"))
                {
                    if key != "text" {
                        hasher.update(key.as_bytes());
                    }
                    add(value, hasher);
                }
            }
        }
        Json::List(items) => items.iter().for_each(|item| add(item, hasher)),
        Json::Text(text) => hasher.update(text.as_bytes()),
        other => hasher.update(other.to_string().as_bytes()),
    }
}
