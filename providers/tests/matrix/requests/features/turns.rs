//! Instructions and turns.

use super::{Feature, NO, beside, says};

pub(super) const FEATURES: &[Feature] = &[
    Feature {
        name: "instructions",
        says: [
            says(
                r#"{"messages":[{"role":"system","content":"Be"},{"role":"user","content":"Hi"}]}"#,
            ),
            says(r#"{"instructions":"Be"}"#),
            says(r#"{"system":"Be"}"#),
            says(r#"{"systemInstruction":{"parts":[{"text":"Be"}]}}"#),
        ],
    },
    Feature {
        name: "instructions in mid-conversation",
        says: [
            beside(
                r#"{"messages":[{"role":"user","content":"Hi"}]}"#,
                r#"{"messages":[{"role":"user","content":"Hi"},{"role":"system","content":"Be"}]}"#,
            ),
            beside(
                r#"{"input":[{"role":"user","content":"Hi"}]}"#,
                r#"{"input":[{"role":"user","content":"Hi"},{"role":"system","content":"Be"}]}"#,
            ),
            beside(
                r#"{"messages":[{"role":"user","content":"Hi"}]}"#,
                r#"{"messages":[{"role":"user","content":"Hi"},{"role":"system","content":"Be"}]}"#,
            ),
            NO,
        ],
    },
    Feature {
        name: "earlier turns",
        says: [
            says(
                r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Yo"},{"role":"user","content":"Hi"}]}"#,
            ),
            says(
                r#"{"input":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Yo"},{"role":"user","content":"Hi"}]}"#,
            ),
            says(
                r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Yo"},{"role":"user","content":"Hi"}]}"#,
            ),
            says(
                r#"{"contents":[{"role":"user","parts":[{"text":"Hi"}]},{"role":"model","parts":[{"text":"Yo"}]},{"role":"user","parts":[{"text":"Hi"}]}]}"#,
            ),
        ],
    },
    Feature {
        name: "a beginning of the answer",
        says: [
            beside(
                r#"{"messages":[{"role":"user","content":"Hi"}]}"#,
                r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Yo"}]}"#,
            ),
            beside(
                r#"{"input":[{"role":"user","content":"Hi"}]}"#,
                r#"{"input":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Yo"}]}"#,
            ),
            beside(
                r#"{"messages":[{"role":"user","content":"Hi"}]}"#,
                r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Yo"}]}"#,
            ),
            beside(
                r#"{"contents":[{"role":"user","parts":[{"text":"Hi"}]}]}"#,
                r#"{"contents":[{"role":"user","parts":[{"text":"Hi"}]},{"role":"model","parts":[{"text":"Yo"}]}]}"#,
            ),
        ],
    },
    Feature {
        name: "name of a speaker",
        says: [
            beside(
                r#"{"messages":[{"role":"user","content":"Hi"}]}"#,
                r#"{"messages":[{"role":"user","name":"Ann","content":"Hi"}]}"#,
            ),
            NO,
            NO,
            NO,
        ],
    },
];
