//! A JSON Schema in every dialect: refused or JSON, and what a pass gives it leaves alone.

#![no_main]

use libfuzzer_sys::fuzz_target;
use providers::dialect;
use serde_json::value::RawValue;

fuzz_target!(|data: &[u8]| {
    let Ok(schema) = serde_json::from_slice::<&RawValue>(data) else { return };
    if let Ok((once, _)) = dialect::for_gemini(schema) {
        let (twice, changed) = dialect::for_gemini(&once).unwrap();
        assert_eq!((once.get(), false), (twice.get(), changed));
    }
    if let Ok((once, _)) = dialect::for_claude_format(schema) {
        let (twice, changed) = dialect::for_claude_format(&once).unwrap();
        assert_eq!((once.get(), false), (twice.get(), changed));
    }
    if let Ok(Some(once)) = dialect::for_openai_strict(schema) {
        let twice = dialect::for_openai_strict(&once).unwrap().unwrap();
        assert_eq!(once.get(), twice.get());
    }
    if let Ok(schema) = dialect::from_openapi(schema) {
        assert!(serde_json::from_str::<&RawValue>(schema.get()).is_ok());
    }
});
