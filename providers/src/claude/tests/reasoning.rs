//! Effort and thinking, from the model to the wire (`wire.md` §6).

use serde_json::{Value, json};

use super::requests_out::asked;
use super::{able, encoded};
use crate::catalog::{Capabilities, Thinking as Kind};
use crate::conversation::{Effort, ThinkingMode};

#[test]
fn thinking_is_told_as_the_model_takes_it() {
    use Effort::{High, Low, Max, Minimal, None as Nothing};
    use ThinkingMode::{Adaptive, Budget, Disabled};
    let adaptive = |effort: &str| json!([{"type": "adaptive"}, {"effort": effort}]);
    let enabled = |budget: u64| json!([{"type": "enabled", "budget_tokens": budget}, null]);
    let nothing = json!([null, null]);
    let off = json!([{"type": "disabled"}, null]);
    let cases = [
        (Kind::Effort, Some(High), None, 128_000, adaptive("high"), 0),
        (Kind::Effort, Some(Max), None, 128_000, adaptive("max"), 0),
        (Kind::Effort, Some(Minimal), None, 128_000, adaptive("low"), 1),
        (Kind::Effort, Some(Nothing), None, 128_000, off.clone(), 0),
        (Kind::Effort, None, Some(Disabled), 128_000, off, 0),
        (Kind::Effort, None, Some(Budget(1024)), 128_000, adaptive("low"), 1),
        (Kind::Effort, None, Some(Budget(8000)), 128_000, adaptive("medium"), 1),
        (Kind::Effort, None, Some(Budget(60_000)), 128_000, adaptive("high"), 1),
        (Kind::Effort, None, Some(Adaptive), 128_000, json!([{"type": "adaptive"}, null]), 0),
        (Kind::Effort, None, None, 128_000, nothing.clone(), 0),
        (Kind::Budget, Some(Minimal), None, 128_000, enabled(1024), 0),
        (Kind::Budget, Some(High), None, 128_000, enabled(16_384), 0),
        (Kind::Budget, Some(High), None, 4096, enabled(2048), 0),
        (Kind::Budget, Some(High), None, 1025, enabled(1024), 0),
        (Kind::Budget, Some(Low), None, 1024, nothing.clone(), 1),
        (Kind::Budget, Some(Nothing), None, 128_000, nothing.clone(), 0),
        (Kind::Budget, None, Some(Budget(5000)), 128_000, enabled(5000), 0),
        (Kind::Budget, None, Some(Adaptive), 128_000, enabled(8192), 1),
        (Kind::Unsupported, Some(Nothing), None, 128_000, nothing.clone(), 0),
        (Kind::Unsupported, Some(Low), None, 128_000, nothing, 1),
    ];
    for (kind, effort, mode, max_tokens, expected, losses) in cases {
        let request = asked(|r| {
            r.max_tokens = Some(max_tokens);
            r.reasoning.effort = effort;
            r.reasoning.mode = mode;
        });
        let (body, lost) = encoded(&request, &able(kind));
        let case = format!("{kind:?} {effort:?} {mode:?} {max_tokens}");
        assert_eq!(json!([body["thinking"], body["output_config"]]), expected, "{case}");
        assert_eq!(lost.len(), losses, "{case}: {lost:?}");
    }
}

#[test]
fn a_model_that_lacks_an_effort_gets_the_nearest() {
    let some = Capabilities {
        efforts: vec![Effort::Low, Effort::High],
        thinking_off: false,
        ..able(Kind::Effort)
    };
    let none = Capabilities { efforts: vec![], ..some.clone() };
    let cases = [
        (&some, Effort::High, json!("high"), 0),
        (&some, Effort::Max, json!("high"), 1),
        (&some, Effort::None, json!("low"), 1),
        (&none, Effort::High, Value::Null, 1),
    ];
    for (capabilities, effort, expected, losses) in cases {
        let request = asked(|r| r.reasoning.effort = Some(effort));
        let (body, lost) = encoded(&request, capabilities);
        let word = body.pointer("/output_config/effort").cloned().unwrap_or_default();
        assert_eq!((word, lost.len()), (expected, losses), "{effort:?}");
        assert_ne!(body["thinking"]["type"], "disabled");
    }
}
