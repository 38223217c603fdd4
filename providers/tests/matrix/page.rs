//! Markdown.

use providers::Schema;

/// The schema's name for people.
pub(crate) const fn name(schema: Schema) -> &'static str {
    match schema {
        Schema::Chat => "Chat",
        Schema::Responses => "Responses",
        Schema::Claude => "Claude",
        Schema::Gemini => "Gemini",
    }
}

/// A table of these rows, the first its head; of `words` columns of words, then of signs.
pub(crate) fn table(words: usize, rows: &[Vec<String>]) -> String {
    let mut out = String::new();
    for (index, row) in rows.iter().enumerate() {
        out += &format!("| {} |\n", row.join(" | "));
        if index == 0 {
            let rule: Vec<_> =
                (0..row.len()).map(|at| if at < words { "---" } else { ":-:" }).collect();
            out += &format!("| {} |\n", rule.join(" | "));
        }
    }
    out
}

/// The lines that only one of two texts has.
pub(crate) fn difference(kept: &str, made: &str) -> String {
    let only = |of: &str, other: &str, sign: char| -> String {
        let other: std::collections::HashSet<_> = other.lines().collect();
        let lines = of.lines().filter(|line| !other.contains(line));
        lines.map(|line| format!("{sign} {line}\n")).collect()
    };
    if kept == made {
        return String::new();
    }
    let lines = only(kept, made, '-') + &only(made, kept, '+');
    if lines.is_empty() { "the same lines in another order\n".to_owned() } else { lines }
}
