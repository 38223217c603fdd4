//! Structured Outputs' dialect of JSON Schema (wire.md §5.5): every object closed, every key
//! required.

use super::super::json::Json;
use super::super::rejection::Rejection;

/// Checks the schema of a strict function; without one there is nothing to check.
pub(super) fn function(
    name: &str,
    schema: Option<&Json<'_>>,
    param: &str,
) -> Result<(), Rejection> {
    let Some(schema) = schema else { return Ok(()) };
    check(schema, &mut Vec::new()).map_err(|why| {
        let message = format!("Invalid schema for function '{name}': {why}");
        Rejection::bad(message).param(param).code("invalid_function_parameters")
    })
}

/// Checks `{name, schema, strict}`, which stands at `param`, if it is strict.
pub(super) fn format(format: &Json<'_>, param: &str) -> Result<(), Rejection> {
    let (Some(schema), true) =
        (format.get("schema"), format.get("strict").is_some_and(Json::is_true))
    else {
        return Ok(());
    };
    let name = format.get("name").and_then(Json::text).unwrap_or_default();
    check(schema, &mut Vec::new()).map_err(|why| {
        let message = format!("Invalid schema for response_format '{name}': {why}");
        Rejection::bad(message).param(param).code("invalid_json_schema")
    })
}

/// What is wrong with a schema, and where: `context` is the way to it.
fn check<'j>(schema: &'j Json<'j>, context: &mut Vec<&'j str>) -> Result<(), String> {
    let object = schema.get("type").map_or(&[][..], Json::items);
    let object = object.iter().any(|kind| kind.text() == Some("object"));
    let properties = schema.get("properties").map_or(&[][..], Json::members);
    if object || !properties.is_empty() {
        if schema.get("additionalProperties") != Some(&Json::Bool(false)) {
            return Err(format!(
                "In context={}, 'additionalProperties' is required to be supplied and to be false.",
                written(context)
            ));
        }
        let required = schema.get("required").map_or(&[][..], Json::items);
        let missing = properties
            .iter()
            .find(|(key, _)| !required.iter().any(|name| name.text() == Some(key)));
        if let Some((key, _)) = missing {
            return Err(format!(
                "In context={}, 'required' is required to be supplied and to be an array including \
                 every key in properties. Missing '{key}'.",
                written(context)
            ));
        }
    }
    let mut inside = |step: &[&'j str], schema: &'j Json<'j>| {
        let depth = context.len();
        context.extend_from_slice(step);
        let checked = check(schema, context);
        context.truncate(depth);
        checked
    };
    for key in ["properties", "$defs", "definitions"] {
        for (name, schema) in schema.get(key).map_or(&[][..], Json::members) {
            inside(&[key, name.as_ref()], schema)?;
        }
    }
    if let Some(items) = schema.get("items") {
        inside(&["items"], items)?;
    }
    for schema in schema.get("anyOf").map_or(&[][..], Json::items) {
        inside(&["anyOf"], schema)?;
    }
    Ok(())
}

/// A context as Python writes a tuple.
fn written(context: &[&str]) -> String {
    let steps: Vec<_> = context.iter().map(|step| format!("'{step}'")).collect();
    if steps.len() == 1 {
        format!("({},)", steps.join(", "))
    } else {
        format!("({})", steps.join(", "))
    }
}
