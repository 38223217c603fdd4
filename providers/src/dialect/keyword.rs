//! JSON Schema's keywords.

/// What the value of a keyword is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// A schema.
    Schema,
    /// A list of schemas.
    Schemas,
    /// An object of schemas by name.
    Named,
    /// Anything else: not looked into.
    Value,
}

/// What a keyword holds. A list where one schema may stand is left alone (`items` of drafts up to
/// 2019-09).
pub(super) fn holds(keyword: &str) -> Holds {
    match keyword {
        "items"
        | "additionalProperties"
        | "additionalItems"
        | "not"
        | "if"
        | "then"
        | "else"
        | "contains"
        | "propertyNames"
        | "unevaluatedItems"
        | "unevaluatedProperties" => Holds::Schema,
        "anyOf" | "oneOf" | "allOf" | "prefixItems" => Holds::Schemas,
        "properties" | "$defs" | "definitions" | "patternProperties" | "dependentSchemas" => {
            Holds::Named
        }
        _ => Holds::Value,
    }
}

/// Whether dropping this keyword changes nothing that an answer is held to.
pub(super) fn is_remark(keyword: &str) -> bool {
    matches!(keyword, "$schema" | "$comment" | "$id")
}
