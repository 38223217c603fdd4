#![allow(clippy::panic)]

use super::*;

/// A panic is an error for one caller, told in words of ours: what it said may quote a prompt.
#[tokio::test]
async fn s_40_a_panic_is_contained_and_says_nothing() {
    let text = "secret".to_owned();
    let panicking = async { std::panic::panic_any(text) };
    let Err(Failure::Refused(refused)) = contained(pin!(panicking)).await else {
        panic!("nobody is told")
    };
    assert_eq!((refused.reason, refused.denied), (PANIC, false));
    assert_eq!(refused.error.class, ErrorClass::Server);
    assert!(!refused.error.message.contains("secret"));
    assert!(contained(pin!(async { Ok(()) })).await.is_ok());
}
