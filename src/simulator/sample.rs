//! An example of a JSON schema: the smallest thing that satisfies the usual keywords.

use super::json::{Json, quote};

/// How deep an example may nest before it gives up on optional and recursive parts.
const DEPTH: usize = 16;

/// The text of a JSON value that satisfies `schema`, as far as the keywords `const`, `enum`,
/// `default`, `$ref`, `anyOf`, `oneOf`, `allOf`, `type`, `format`, `properties`, `items`,
/// `minItems`, `minimum`, `minLength` say. Types may be in upper case, as in OpenAPI's dialect.
pub fn of(schema: &Json<'_>) -> String {
    let mut out = String::new();
    write(schema, schema, "", DEPTH, &mut out);
    out
}

fn write(schema: &Json<'_>, root: &Json<'_>, name: &str, depth: usize, out: &mut String) {
    let Some(depth) = depth.checked_sub(1) else { return out.push_str("null") };
    if let Some(value) = schema.get("const").or(schema.get("default")) {
        return out.push_str(&value.to_string());
    }
    if let Some(first) = schema.get("enum").and_then(|list| list.items().first()) {
        return out.push_str(&first.to_string());
    }
    if let Some(target) = schema.get("$ref").and_then(Json::text) {
        let steps = target.trim_start_matches("#/").split('/');
        let found = steps.into_iter().try_fold(root, |at, step| at.get(step));
        return match found {
            Some(found) => write(found, root, name, depth, out),
            None => out.push_str("null"),
        };
    }
    let unions = ["anyOf", "any_of", "oneOf", "allOf"];
    if let Some(union) = unions.iter().find_map(|key| schema.get(key))
        && let Some(first) = union.items().first()
    {
        return write(first, root, name, depth, out);
    }
    let kind = schema.get("type").map(|kind| {
        let kinds = kind.items().iter().filter_map(Json::text).map(str::to_ascii_lowercase);
        kinds.into_iter().find(|kind| kind != "null").unwrap_or_default()
    });
    let low = |key| schema.get(key).and_then(Json::whole);
    match kind.as_deref() {
        Some("object") | None => object(schema, root, depth, out),
        Some("array") => {
            let items = low("minItems").or(low("min_items")).unwrap_or(1).max(1);
            out.push('[');
            for at in 0..items {
                out.push_str(if at == 0 { "" } else { "," });
                match schema.get("items") {
                    Some(item) => write(item, root, name, depth, out),
                    None => out.push('1'),
                }
            }
            out.push(']');
        }
        Some("string") => {
            let mut text = string(schema.get("format").and_then(Json::text), name).to_owned();
            let least = low("minLength").unwrap_or(0) as usize;
            text.extend(std::iter::repeat_n('x', least.saturating_sub(text.len())));
            out.push_str(&quote(&text));
        }
        Some("integer" | "number") => {
            let exclusive = low("exclusiveMinimum").map(|least| least + 1);
            let least = low("minimum").or(exclusive).unwrap_or(1);
            out.push_str(&least.to_string());
        }
        Some("boolean") => out.push_str("true"),
        Some(_) => out.push_str("null"),
    }
}

fn object(schema: &Json<'_>, root: &Json<'_>, depth: usize, out: &mut String) {
    out.push('{');
    let properties = schema.get("properties").map_or(&[][..], Json::members);
    for (at, (name, property)) in properties.iter().enumerate() {
        out.push_str(if at == 0 { "" } else { "," });
        out.push_str(&quote(name));
        out.push(':');
        write(property, root, name, depth, out);
    }
    out.push('}');
}

fn string(format: Option<&str>, name: &str) -> &'static str {
    match (format, name) {
        (Some("date"), _) => "2026-11-21",
        (Some("date-time"), _) => "2026-11-21T12:00:00Z",
        (Some("time"), _) => "12:00:00Z",
        (Some("email"), _) => "someone@example.com",
        (Some("uri"), _) => "https://example.com/",
        (Some("uuid"), _) => "00000000-0000-4000-8000-000000000000",
        (Some("ipv4"), _) => "192.0.2.1",
        (_, "city" | "location" | "place") => "Paris",
        (_, "name") => "Ada",
        _ => "text",
    }
}
