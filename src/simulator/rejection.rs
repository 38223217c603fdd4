//! A request that the provider turns down, and the body in which each provider says so
//! (wire.md §1.4).

use serde_json::{Value, json};

use super::Provider;
use super::host::Host;
use super::shape::{Violation, What};

/// A status and the words that go with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Rejection {
    /// The HTTP status.
    pub status: u16,
    /// The message for a person.
    pub message: String,
    /// OpenAI: the parameter at fault.
    pub param: Option<String>,
    /// OpenAI: the machine-readable code; Gemini: the `reason` of an `ErrorInfo` detail.
    pub code: Option<&'static str>,
    /// Seconds to wait, told in the header and, by Gemini, in the body.
    pub retry_after: Option<u64>,
}

impl Rejection {
    /// A rejection with this status and message.
    pub fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), param: None, code: None, retry_after: None }
    }

    /// A 400.
    pub fn bad(message: impl Into<String>) -> Self {
        Self::new(400, message)
    }

    /// Names the parameter at fault.
    pub fn param(mut self, param: impl Into<String>) -> Self {
        self.param = Some(param.into());
        self
    }

    /// Gives the machine-readable code.
    pub fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// The body in the provider's schema. `id` is the request's own.
    pub fn body(&self, provider: Provider, host: Host, id: &str) -> Value {
        let class = class(self.status);
        match (provider, host) {
            (_, Host::Bedrock) => json!({"message": self.message}),
            // What comes before the model is Google's.
            (Provider::Claude, Host::Vertex) if matches!(self.status, 401 | 403 | 404) => {
                self.body(Provider::Gemini, host, id)
            }
            (Provider::OpenAi, Host::Azure) if matches!(self.status, 401 | 404) => {
                let code = self.code.map_or_else(|| self.status.to_string(), str::to_owned);
                json!({"error": {"code": code, "message": self.message}})
            }
            (provider, _) => self.own(provider, class, id),
        }
    }

    /// The exception that Bedrock calls it.
    pub fn bedrock(&self) -> &'static str {
        match self.status {
            401 | 403 => "AccessDeniedException",
            404 => "ResourceNotFoundException",
            429 => "ThrottlingException",
            408 | 504 => "ModelTimeoutException",
            503 | 529 => "ServiceUnavailableException",
            500.. => "InternalServerException",
            _ => "ValidationException",
        }
    }

    fn own(&self, provider: Provider, class: &Class, id: &str) -> Value {
        match provider {
            Provider::OpenAi => json!({"error": {
                "message": self.message, "type": class.openai.0, "param": self.param,
                "code": self.code.or(class.openai.1),
            }}),
            Provider::Claude => json!({
                "type": "error", "error": {"type": class.claude, "message": self.message},
                "request_id": id,
            }),
            Provider::Gemini => {
                let mut error = json!({
                    "code": self.status, "message": self.message, "status": class.gemini,
                });
                let details = self.details();
                if !details.is_empty() {
                    error["details"] = Value::Array(details);
                }
                json!({"error": error})
            }
        }
    }

    /// Gemini's typed details.
    fn details(&self) -> Vec<Value> {
        let reason = self.code.map(|reason| {
            json!({"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason,
                   "domain": "googleapis.com"})
        });
        let retry = self.retry_after.map(|seconds| {
            json!({"@type": "type.googleapis.com/google.rpc.RetryInfo",
                   "retryDelay": format!("{seconds}s")})
        });
        reason.into_iter().chain(retry).collect()
    }
}

/// What each provider calls a class of error.
struct Class {
    statuses: &'static [u16],
    openai: (&'static str, Option<&'static str>),
    claude: &'static str,
    gemini: &'static str,
}

#[rustfmt::skip]
static CLASSES: &[Class] = &[
    Class { statuses: &[401], openai: ("invalid_request_error", Some("invalid_api_key")), claude: "authentication_error", gemini: "UNAUTHENTICATED" },
    Class { statuses: &[402], openai: ("insufficient_quota", Some("insufficient_quota")), claude: "billing_error", gemini: "FAILED_PRECONDITION" },
    Class { statuses: &[403], openai: ("invalid_request_error", Some("permission_denied")), claude: "permission_error", gemini: "PERMISSION_DENIED" },
    Class { statuses: &[404], openai: ("invalid_request_error", None), claude: "not_found_error", gemini: "NOT_FOUND" },
    Class { statuses: &[408, 504], openai: ("server_error", Some("timeout")), claude: "timeout_error", gemini: "DEADLINE_EXCEEDED" },
    Class { statuses: &[409], openai: ("invalid_request_error", None), claude: "conflict_error", gemini: "ABORTED" },
    Class { statuses: &[413], openai: ("invalid_request_error", Some("context_length_exceeded")), claude: "request_too_large", gemini: "INVALID_ARGUMENT" },
    Class { statuses: &[429], openai: ("requests", Some("rate_limit_exceeded")), claude: "rate_limit_error", gemini: "RESOURCE_EXHAUSTED" },
    Class { statuses: &[503, 529], openai: ("server_error", Some("overloaded")), claude: "overloaded_error", gemini: "UNAVAILABLE" },
    Class { statuses: &[500, 502], openai: ("server_error", None), claude: "api_error", gemini: "INTERNAL" },
];

static BAD: Class = Class {
    statuses: &[],
    openai: ("invalid_request_error", None),
    claude: "invalid_request_error",
    gemini: "INVALID_ARGUMENT",
};

fn class(status: u16) -> &'static Class {
    CLASSES.iter().find(|class| class.statuses.contains(&status)).unwrap_or(&BAD)
}

// === a broken shape, in each provider's words ===

impl Violation {
    /// The 400 with which this provider answers.
    pub fn reject(self, provider: Provider) -> Rejection {
        match provider {
            Provider::OpenAi => self.openai(),
            Provider::Claude => self.claude(),
            Provider::Gemini => self.gemini(),
        }
    }

    fn inside(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    fn openai(self) -> Rejection {
        let path = &self.path;
        let (message, param, code) = match &self.what {
            What::Unknown(name) if path.is_empty() => {
                let message = format!("Unrecognized request argument supplied: {name}");
                return Rejection::bad(message);
            }
            What::Unknown(name) => {
                let inside = self.inside(name);
                (format!("Unknown parameter: '{inside}'."), inside, "unknown_parameter")
            }
            What::Missing(name) => {
                let inside = self.inside(name);
                let message = format!("Missing required parameter: '{inside}'.");
                (message, inside, "missing_required_parameter")
            }
            What::Type(expected, got) => (
                format!("Invalid type for '{path}': expected {expected}, but got {got} instead."),
                path.clone(),
                "invalid_type",
            ),
            What::Word(words, got) => {
                let words: Vec<_> = words.iter().map(|word| format!("'{word}'")).collect();
                let words = words.join(", ");
                let message = format!("Invalid value: '{got}'. Supported values are: {words}.");
                (message, path.clone(), "invalid_value")
            }
            What::Low(min, got) => (
                format!(
                    "Invalid '{path}': decimal below minimum value. Expected a value >= {min}, \
                     but got {got} instead."
                ),
                path.clone(),
                "decimal_below_min_value",
            ),
            What::High(max, got) => (
                format!(
                    "Invalid '{path}': decimal above maximum value. Expected a value <= {max}, \
                     but got {got} instead."
                ),
                path.clone(),
                "decimal_above_max_value",
            ),
            What::Short(..) => (
                format!(
                    "Invalid '{path}': empty array. Expected an array with minimum length 1, but \
                     got an empty array instead."
                ),
                path.clone(),
                "empty_array",
            ),
            What::Long(max, got) => (
                format!(
                    "Invalid '{path}': array too long. Expected an array with maximum length \
                     {max}, but got an array with length {got} instead."
                ),
                path.clone(),
                "array_above_max_length",
            ),
        };
        Rejection::bad(message).param(param).code(code)
    }

    fn claude(self) -> Rejection {
        let path = &self.path;
        Rejection::bad(match &self.what {
            What::Unknown(name) => {
                format!("{}: Extra inputs are not permitted", self.inside(name))
            }
            What::Missing(name) => format!("{}: Field required", self.inside(name)),
            What::Type(expected, _) => format!("{path}: Input should be a valid {expected}"),
            What::Word(words, _) => {
                let words: Vec<_> = words.iter().map(|word| format!("'{word}'")).collect();
                format!("{path}: Input should be {}", words.join(" or "))
            }
            What::Low(min, _) => {
                format!("{path}: Input should be greater than or equal to {min}")
            }
            What::High(max, _) => {
                format!("{path}: Input should be less than or equal to {max}")
            }
            What::Short(min, _) => format!("{path}: List should have at least {min} item"),
            What::Long(max, _) => format!("{path}: List should have at most {max} items"),
        })
    }

    fn gemini(self) -> Rejection {
        let path = &self.path;
        Rejection::bad(match &self.what {
            What::Unknown(name) => {
                let at = if path.is_empty() { String::new() } else { format!(" at '{path}'") };
                format!(
                    "Invalid JSON payload received. Unknown name \"{name}\"{at}: Cannot find field."
                )
            }
            What::Missing(name) => {
                format!("* GenerateContentRequest.{0}: {0} is not specified\n", self.inside(name))
            }
            What::Type(expected, got) => {
                format!("Invalid value at '{path}' (TYPE_{}), {got}", expected.to_uppercase())
            }
            What::Word(_, got) => format!("Invalid value at '{path}' (TYPE_ENUM), \"{got}\""),
            What::Low(min, got) => format!(
                "* GenerateContentRequest.{path}: the value must be at least {min}, got {got}\n"
            ),
            What::High(max, got) => format!(
                "* GenerateContentRequest.{path}: the value must be at most {max}, got {got}\n"
            ),
            What::Short(..) => format!("* GenerateContentRequest.{path}: must not be empty\n"),
            What::Long(max, got) => format!(
                "* GenerateContentRequest.{path}: the number of values must not exceed {max}, \
                 got {got}\n"
            ),
        })
    }
}
