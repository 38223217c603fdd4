//! Thinking.

use super::{Feature, NO, NO_THINKING, beside, says};

pub(super) const FEATURES: &[Feature] = &[
    Feature {
        name: "effort",
        says: [
            says(r#"{"reasoning_effort":"low"}"#),
            says(r#"{"reasoning":{"effort":"low"}}"#),
            says(r#"{"output_config":{"effort":"low"}}"#),
            says(r#"{"generationConfig":{"thinkingConfig":{"thinkingLevel":"LOW"}}}"#),
        ],
    },
    Feature {
        name: "highest effort",
        says: [
            says(r#"{"reasoning_effort":"max"}"#),
            says(r#"{"reasoning":{"effort":"max"}}"#),
            says(r#"{"thinking":{"type":"adaptive"},"output_config":{"effort":"max"}}"#),
            says(r#"{"generationConfig":{"thinkingConfig":{"thinkingLevel":"XHIGH"}}}"#),
        ],
    },
    Feature {
        name: NO_THINKING,
        says: [
            says(r#"{"reasoning_effort":"none"}"#),
            says(r#"{"reasoning":{"effort":"none"}}"#),
            says(r#"{"thinking":{"type":"disabled"}}"#),
            says(r#"{"generationConfig":{"thinkingConfig":{"thinkingBudget":0}}}"#),
        ],
    },
    Feature {
        name: "budget of thinking",
        says: [
            NO,
            NO,
            beside(
                r#"{"max_tokens":3000}"#,
                r#"{"thinking":{"type":"enabled","budget_tokens":2000}}"#,
            ),
            says(r#"{"generationConfig":{"thinkingConfig":{"thinkingBudget":2048}}}"#),
        ],
    },
    Feature {
        name: "to see thoughts",
        says: [
            NO,
            says(r#"{"reasoning":{"summary":"auto"}}"#),
            says(r#"{"thinking":{"type":"adaptive","display":"summarized"}}"#),
            says(r#"{"generationConfig":{"thinkingConfig":{"includeThoughts":true}}}"#),
        ],
    },
    Feature {
        name: "another provider's thoughts in earlier turns",
        says: [
            beside(
                r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Yo"},{"role":"user","content":"Hi"}]}"#,
                r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Yo","reasoning_content":"hm"},{"role":"user","content":"Hi"}]}"#,
            ),
            beside(
                r#"{"input":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Yo"},{"role":"user","content":"Hi"}]}"#,
                r#"{"input":[{"role":"user","content":"Hi"},{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"eA=="},{"role":"assistant","content":"Yo"},{"role":"user","content":"Hi"}]}"#,
            ),
            beside(
                r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Yo"},{"role":"user","content":"Hi"}]}"#,
                r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"c2ln"},{"type":"text","text":"Yo"}]},{"role":"user","content":"Hi"}]}"#,
            ),
            beside(
                r#"{"contents":[{"role":"user","parts":[{"text":"Hi"}]},{"role":"model","parts":[{"text":"Yo"}]},{"role":"user","parts":[{"text":"Hi"}]}]}"#,
                r#"{"contents":[{"role":"user","parts":[{"text":"Hi"}]},{"role":"model","parts":[{"text":"hm","thought":true},{"text":"Yo"}]},{"role":"user","parts":[{"text":"Hi"}]}]}"#,
            ),
        ],
    },
];
