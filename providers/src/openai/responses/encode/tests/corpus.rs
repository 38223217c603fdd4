//! Recorded requests of OpenAI, Azure and compatible hosts.

use std::collections::BTreeMap;

use super::{decode, modern, plain};
use crate::codec::Target;
use crate::conversation::Request;
use crate::conversation::shape::normalize;

/// What a request means: everything but where in the body unknown members stood.
fn meaning(request: &Request<'_>) -> String {
    let mut request = request.clone();
    request.model = "m".into();
    request.extensions.retain(|extension| !extension.path.contains('.'));
    format!("{request:#?}")
}

fn recordings() -> Vec<(String, String)> {
    let files = crate::corpus::files(|kind| kind.starts_with("openai_responses"), ".request.json");
    assert!(!files.is_empty() || crate::corpus::is_absent(), "none");
    let text = |(path, bytes): (std::path::PathBuf, _)| {
        (path.display().to_string(), String::from_utf8(bytes).unwrap())
    };
    files.into_iter().map(text).collect()
}

#[test]
fn requests_keep_their_meaning() {
    let mut lost = BTreeMap::<String, usize>::new();
    for (name, text) in recordings() {
        let request = decode(&text).unwrap_or_else(|refusal| panic!("{name}: {refusal:?}"));
        for capabilities in [modern(), plain()] {
            let target = Target { model: "gpt-y", capabilities: &capabilities };
            let encoded = super::super::request(&request, &target)
                .unwrap_or_else(|refusal| panic!("{name}: {refusal:?}"));
            let again = std::str::from_utf8(&encoded.body).unwrap();
            let named = encoded.losses.iter().map(|loss| &*loss.field);
            if named.clone().all(|field| field.starts_with("input.")) {
                assert_eq!(meaning(&request), meaning(&decode(again).unwrap()), "{name}");
            }
            for field in named {
                *lost.entry(field.to_owned()).or_default() += 1;
            }
        }
    }
    // Marks on items and tools that no other schema has, and what a model does not take.
    for field in lost.keys() {
        let known = ["input.namespace", "input.phase", "reasoning", "tools.defer_loading"];
        assert!(known.contains(&field.as_str()), "{lost:?}");
    }
}

#[test]
fn shaped_requests_keep_their_shape() {
    let mut shaped = 0;
    for (name, text) in recordings() {
        let mut request = decode(&text).unwrap();
        // Hosted tools' calls and results are their own provider's to pair.
        if normalize(&mut request).is_err() {
            continue;
        }
        shaped += 1;
        let capabilities = modern();
        let target = Target { model: "gpt-y", capabilities: &capabilities };
        let encoded = super::super::request(&request, &target).unwrap();
        let mut again = decode(std::str::from_utf8(&encoded.body).unwrap()).unwrap();
        normalize(&mut again).unwrap();
        let moved = encoded.losses.iter().any(|loss| !loss.field.starts_with("input."));
        assert!(moved || meaning(&request) == meaning(&again), "{name}");
    }
    assert!(shaped > 100 || crate::corpus::is_absent(), "{shaped}");
}
