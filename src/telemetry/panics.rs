//! What is logged of a panic.

use std::panic::PanicHookInfo;

/// Says where a panic was, and what of it was written in the source. A message that was put together
/// at run time is not shown: it may quote a prompt or a secret.
pub fn log_panic(panic: &PanicHookInfo<'_>) {
    let message = panic.payload().downcast_ref::<&'static str>().unwrap_or(&"message withheld");
    match panic.location() {
        Some(place) => log::error!("panic at {place}: {message}"),
        None => log::error!("panic: {message}"),
    }
}
