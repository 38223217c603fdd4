//! A provider's answer or error, in any schema, written for every caller: an error or JSON.
//!
//! The first byte is the provider's schema.

#![no_main]

use libfuzzer_sys::fuzz_target;
use providers::Schema;
use providers::codec::Reply;
use serde_json::value::RawValue;

fuzz_target!(|data: &[u8]| {
    let [schema, body @ ..] = data else { return };
    let from = Schema::ALL[usize::from(*schema) % Schema::ALL.len()];
    let reply = Reply { id: "id".to_owned(), model: "m".to_owned(), ..Reply::default() };
    let is_json = |body: &[u8]| serde_json::from_slice::<&RawValue>(body).is_ok();
    let error = from.codec().decode_error(500, body);
    for to in Schema::ALL {
        assert!(is_json(&to.codec().encode_error(&error, "id").1), "{from} to {to}: {error:?}");
    }
    let usage = from.codec().read_usage(body);
    let Ok(response) = from.codec().decode_response(body) else { return };
    // What is billed is the same whether or not the rest is read.
    assert_eq!(usage, Ok(response.usage), "{from}");
    for to in Schema::ALL {
        if let Ok(written) = to.codec().encode_response(&response, &reply) {
            assert!(is_json(&written), "{from} to {to}: {written:?}");
        }
    }
});
