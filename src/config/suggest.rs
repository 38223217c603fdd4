//! "Did you mean": the known word that is closest to a mistyped one.

/// Words from elsewhere, and what they are called here.
const ELSEWHERE: [(&str, &str); 12] = [
    ("anthropic", "claude"),
    ("google", "gemini"),
    ("base_url", "url"),
    ("api_key", "credential"),
    ("timeout", "timeouts"),
    ("cert", "certificate"),
    ("server_name", "sni"),
    ("window", "per"),
    ("targets", "backends"),
    ("upstreams", "backends"),
    ("keys", "callers"),
    ("rate_limits", "rates"),
];

/// The one of `known` that `word` was probably meant to be.
pub(super) fn suggest<'k>(
    word: &str,
    known: impl IntoIterator<Item = &'k str> + Clone,
) -> Option<&'k str> {
    let word = word.to_ascii_lowercase();
    let elsewhere = ELSEWHERE.iter().find(|(there, _)| *there == word).map(|(_, here)| *here);
    if let Some(here) = elsewhere
        && let Some(known) = known.clone().into_iter().find(|known| *known == here)
    {
        return Some(known);
    }
    let near = |known: &&str| distance(&word, &known.to_ascii_lowercase());
    let best = known.into_iter().min_by_key(near)?;
    // A third of the word may be wrong, in short words one letter.
    (near(&best) <= (word.chars().count() / 3).max(1)).then_some(best)
}

/// How many characters must be changed, added or removed (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (cell, y) in row.iter_mut().skip(1).zip(&b) {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = *cell;
            left = replaced.min(*cell + 1).min(left + 1);
            *cell = left;
        }
    }
    row.last().copied().unwrap_or_default()
}
