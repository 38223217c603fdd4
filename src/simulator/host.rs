//! Where a provider's API is offered: by itself, or in somebody's cloud (wire.md §7).

use http::HeaderMap;

use super::rejection::Rejection;

/// Whose host an API is offered on.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Host {
    /// The provider's own.
    #[default]
    Own,
    /// Azure OpenAI.
    Azure,
    /// Google's Vertex.
    Vertex,
    /// Amazon's Bedrock runtime.
    Bedrock,
    /// Bedrock's mantle, and Foundry for Claude: the provider's own schema under another path.
    Hosted,
}

/// What a refusal of a bad credential is: status and message.
struct Refused(u16, &'static str);

impl Host {
    /// The credential that a request carries in this host's form. The provider's own host has
    /// forms of its own.
    pub fn given(self, headers: &HeaderMap) -> Option<&str> {
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let bearer = || header("authorization")?.strip_prefix("Bearer ");
        match self {
            Self::Own | Self::Vertex | Self::Bedrock => bearer(),
            Self::Azure => header("api-key").or_else(bearer),
            Self::Hosted => header("x-api-key").or_else(|| header("api-key")).or_else(bearer),
        }
    }

    /// How it turns down a bad credential.
    pub fn refusal(self) -> Rejection {
        let Refused(status, message) = match self {
            Self::Vertex => Refused(
                401,
                "Request had invalid authentication credentials. Expected OAuth 2 access token, \
                 login cookie or other valid authentication credential.",
            ),
            Self::Bedrock => {
                Refused(403, "Authentication failed: Please make sure your API Key is valid.")
            }
            Self::Own | Self::Azure | Self::Hosted => Refused(
                401,
                "Access denied due to invalid subscription key or wrong API endpoint. Make sure to \
                 provide a valid key for an active subscription and use a correct regional API \
                 endpoint for your resource.",
            ),
        };
        Rejection::new(status, message)
    }

    /// Whether Claude's API version comes in a header there.
    pub fn version_in_header(self) -> bool {
        matches!(self, Self::Own | Self::Hosted)
    }
}

/// The name that a model has with its provider: without the region and provider that a cloud puts
/// before it, as in `us.anthropic.claude-opus-5-v1`.
pub fn bare(model: &str) -> &str {
    let makers = ["anthropic.", "openai."];
    makers.iter().find_map(|maker| Some(model.split_once(maker)?.1)).unwrap_or(model)
}
