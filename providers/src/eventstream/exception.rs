//! What AWS says instead of an answer, in a stream or before it.

use super::Message;
use crate::conversation::{ApiError, ErrorClass};

/// Exceptions of Bedrock's runtime and of AWS in front of it, in small letters and without
/// `Exception` behind them.
const NAMES: [(&str, ErrorClass); 20] = [
    ("validation", ErrorClass::BadRequest),
    ("serialization", ErrorClass::BadRequest),
    ("modelerror", ErrorClass::Server),
    ("modelstreamerror", ErrorClass::Server),
    ("internalserver", ErrorClass::Server),
    ("internalfailure", ErrorClass::Server),
    ("modeltimeout", ErrorClass::Timeout),
    ("modelnotready", ErrorClass::Overloaded),
    ("serviceunavailable", ErrorClass::Overloaded),
    ("throttling", ErrorClass::RateLimited),
    ("servicequotaexceeded", ErrorClass::RateLimited),
    ("resourcenotfound", ErrorClass::NotFound),
    ("unknownoperation", ErrorClass::NotFound),
    ("conflict", ErrorClass::Conflict),
    ("accessdenied", ErrorClass::Permission),
    ("unrecognizedclient", ErrorClass::Authentication),
    ("expiredtoken", ErrorClass::Authentication),
    ("invalidsignature", ErrorClass::Authentication),
    ("missingauthenticationtoken", ErrorClass::Authentication),
    ("incompletesignature", ErrorClass::Authentication),
];

/// The class of an exception by its name: of a stream's `:exception-type`, or of the header
/// `x-amzn-errortype`, which may go on with a colon and a URL. `None` if nobody knows it.
pub fn class_of(name: &str) -> Option<ErrorClass> {
    let name = name.split(':').next().unwrap_or_default();
    let name = name.rsplit('#').next().unwrap_or_default().trim().to_ascii_lowercase();
    let name = name.strip_suffix("exception").unwrap_or(&name);
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, class)| *class)
}

/// The error that a message of the stream is; `None` if it is an event.
pub fn error_of(message: &Message<'_>) -> Option<ApiError> {
    let name = match message.header(":message-type") {
        Some("event") => return None,
        Some("exception") => message.header(":exception-type"),
        // An error that is not of the service's own model.
        _ => message.header(":error-code"),
    };
    let name = name.unwrap_or_default();
    let class = class_of(name).unwrap_or(ErrorClass::Server);
    let words = words(message.payload)
        .or_else(|| message.header(":error-message").map(str::to_owned))
        .filter(|words| !words.is_empty());
    let words = words.unwrap_or_else(|| match name {
        "" => "the provider's stream failed".to_owned(),
        name => format!("the provider's stream failed: {name}"),
    });
    Some(ApiError::new(class, words))
}

/// What an exception's payload says.
fn words(payload: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Payload {
        // The runtime writes it small, services in front of it with a capital.
        #[serde(alias = "Message")]
        message: Option<String>,
    }
    serde_json::from_slice::<Payload>(payload).ok()?.message
}
