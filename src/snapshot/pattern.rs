//! Model names and patterns.

use providers::features::presets;

/// Whether a model name is one that Egret routes by pattern: what a `*` may stand for.
///
/// Providers' names use nothing else, and so no look-alike letter, space, percent escape or
/// invisible character gets past an allow-list (S-20).
fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:/@+".contains(&b))
        && !name.as_bytes().windows(2).any(|pair| pair == b"..")
        && !name.split('/').any(|segment| segment.is_empty() || segment == ".")
}

/// Whether `name` is what `pattern` says: the same, byte for byte, or where the pattern has
/// `*`s, with any plain characters in their place.
pub fn matches(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    if !is_plain(name) {
        return false;
    }
    let Some(mut left) = name.strip_prefix(head) else { return false };
    let mut pieces = rest.split('*').peekable();
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return left.ends_with(piece);
        }
        let Some(at) = left.find(piece) else { return false };
        left = left.get(at + piece.len()..).unwrap_or_default();
    }
    true
}

/// Whether a list of models with this pattern in it allows a model. What stands for a model that its
/// host chooses (a preset) has to be named: a `*` stands for the model that a name tells.
pub fn allows_model(pattern: &str, model: &str) -> bool {
    matches(pattern, model) && presets(pattern) == presets(model)
}

/// Whether `path` is what `pattern` says: the same, byte for byte, or where the pattern ends in
/// `*`, with any plain segments in its place.
///
/// A path that readers could take for another is none (S-08, S-20): no escapes, no empty or
/// relative segments.
pub fn path_matches(pattern: &str, path: &str) -> bool {
    let Some(inside) = path.strip_prefix('/') else { return false };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~:@+,=".contains(&byte);
    let sound = |segment: &str| !matches!(segment, "" | "." | "..") && segment.bytes().all(plain);
    if !inside.split('/').all(sound) {
        return false;
    }
    match pattern.strip_suffix('*') {
        Some(folder) => path.len() > folder.len() && path.starts_with(folder),
        None => pattern == path,
    }
}

/// How specific a pattern is: an exact name above all, then the more literal characters.
pub fn specificity(pattern: &str) -> usize {
    if pattern.contains('*') { pattern.len() - pattern.matches('*').count() } else { usize::MAX }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_plain_characters_only() {
        for (pattern, name, expected) in [
            ("gpt-*", "gpt-4o", true),
            ("gpt-*", "gpt-", true),
            ("gpt-*", "GPT-4o", false),
            ("gpt-*", "gpt-4o\u{200b}", false),
            ("gpt-*", "gpt-4o ", false),
            ("gpt-*", "gpt-%34o", false),
            ("gpt-*", "gpt-х", false),
            ("gpt-*", "gpt-../x", false),
            ("*", "", false),
            ("*", "anything/at:all", true),
            ("*-mini", "gpt-4o-mini", true),
            ("gpt-*-mini", "gpt-4o-mini", true),
            ("gpt-*-mini", "gpt-mini", false),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxc", false),
            ("gpt-4o", "gpt-4o", true),
            ("gpt-4o", "gpt-4o-mini", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name:?}");
        }
    }

    #[test]
    fn a_preset_is_allowed_by_its_name_only() {
        for (pattern, name, expected) in [
            ("openai/*", "openai/gpt-4o", true),
            ("openai/*", "openai/gpt-4o@preset/mine", false),
            ("openai/*", "openai/gpt-4o@Preset/mine", false),
            ("*", "@preset/mine", false),
            ("@*", "@preset/mine", false),
            ("*/mine", "@preset/mine", false),
            ("@preset/mine", "@preset/mine", true),
            ("@preset/*", "@preset/mine", true),
            ("*@preset/mine", "openai/gpt-4o@preset/mine", true),
            ("*@preset/mine", "openai/gpt-4o@preset/other@preset/mine", false),
            ("@preset/*", "@preset/mine@preset/other", false),
            ("vertex/*", "vertex/claude-sonnet-4-5@20250929", true),
        ] {
            assert_eq!(allows_model(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_path_is_plain_and_in_its_folder() {
        for (pattern, path, expected) in [
            ("/v1/files", "/v1/files", true),
            ("/v1/files", "/v1/files/", false),
            ("/v1/files", "/v1/files/a", false),
            ("/v1/files/*", "/v1/files/file-1/content", true),
            ("/v1/files/*", "/v1/files", false),
            ("/v1/files/*", "/v1/files/", false),
            ("/v1/files/*", "/v1/files/../chat/completions", false),
            ("/v1/files/*", "/v1/files/./a", false),
            ("/v1/files/*", "/v1/files//a", false),
            ("/v1/files/*", "/v1/files/%2e%2e/chat/completions", false),
            ("/v1/files/*", "/v1/files/a%2Fb", false),
            ("/v1/files/*", "/v1/files/a\\b", false),
            ("/v1/files/*", "/v1/files/a;b", false),
            ("/v1/files/*", "/v1/filesystem", false),
            ("/v1/*", "/v1/files", true),
            ("/v1/*", "/V1/files", false),
            ("/v1/*", "v1/files", false),
        ] {
            assert_eq!(path_matches(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn a_dot_segment_is_not_plain_but_dots_are() {
        assert!(matches("gemini-*", "gemini-2.5-pro"));
        assert!(!matches("*", "a/../b"));
        assert!(!matches("*", "/a"));
    }
}
