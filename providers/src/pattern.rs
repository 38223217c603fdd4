//! Patterns of model names, as tables and operators write them.

/// A model name in which `*` stands for any text, also none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern(String);

impl Pattern {
    /// Every text is a pattern; capitals count as small letters.
    pub(crate) fn new(text: &str) -> Self {
        Self(text.to_ascii_lowercase())
    }

    /// Whether a name in small letters fits.
    pub(crate) fn fits(&self, name: &str) -> bool {
        let Some((head, tail)) = self.0.split_once('*') else {
            return self.0 == name;
        };
        let Some(mut name) = name.strip_prefix(head) else {
            return false;
        };
        // The leftmost place for each piece leaves the most room for those after it.
        let mut pieces = tail.split('*').peekable();
        while let Some(piece) = pieces.next() {
            if pieces.peek().is_none() {
                return name.ends_with(piece);
            }
            let Some(at) = name.find(piece) else {
                return false;
            };
            name = name.get(at + piece.len()..).unwrap_or_default();
        }
        true
    }

    /// How much a pattern says: one without `*` most, else the one with more letters.
    pub(crate) fn specificity(&self) -> (bool, usize) {
        (!self.0.contains('*'), self.0.bytes().filter(|byte| *byte != b'*').count())
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, name, fits) in [
            ("gpt-5", "gpt-5", true),
            ("gpt-5", "gpt-5-mini", false),
            ("GPT-5*", "gpt-5", true),
            ("gpt-*-mini", "gpt-5-mini", true),
            ("gpt-*-mini", "gpt-mini", false),
            ("*", "", true),
            ("*a*b", "xaxb", true),
            ("*a*b", "ab", true),
            ("*a*b", "ba", false),
            ("a*a", "a", false),
            ("*mini*", "o4-mini-high", true),
            ("**", "x", true),
        ] {
            assert_eq!(Pattern::new(pattern).fits(name), fits, "{pattern} on {name}");
        }
    }

    #[test]
    fn saying_more_goes_first() {
        let order = ["*", "g*", "gpt*", "*gpt-5*", "x"];
        assert!(order.is_sorted_by_key(|pattern| Pattern::new(pattern).specificity()));
    }
}
