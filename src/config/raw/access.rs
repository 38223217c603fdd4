//! What callers may use, as it is written.

use crate::config::decode::{List, Named, Texts, read_from_map, section};
use crate::config::value::Switch;

section! {
    /// Whose calls a rule is about.
    RawWho {
        caller: Texts,
        group: Texts,
        namespace: Texts,
        service_account: Texts,
        labels: Named<Texts>,
    }
}

section! {
    /// What some callers may use.
    RawAccess {
        who as "match": RawWho,
        routes: List<String>,
        backends: List<String>,
        models: List<String>,
        features: RawFeatures,
        max_output_tokens: u32,
    }
}

section! {
    /// What a request may make use of.
    RawFeatures {
        tools: Switch,
        hosted_tools: Switch,
        images: Switch,
        audio: Switch,
        files: Switch,
    }
}

read_from_map! { RawWho RawAccess RawFeatures }
