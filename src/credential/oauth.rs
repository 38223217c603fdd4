//! OAuth 2.0: client credentials (RFC 6749 §4.4) and token exchange (RFC 8693).

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header;

use super::endpoint::Endpoint;
use super::issuer::{MintError, access_token, form, secret_header, text};
use super::lease::Lease;
use super::{Secret, SecretSource};
use crate::fetch::Fetcher;

const CLIENT_CREDENTIALS: &str = "client_credentials";
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// A token of an authorization server.
#[derive(Debug, PartialEq)]
pub struct OAuth {
    /// Its token endpoint.
    pub token_url: Endpoint,
    /// Who the gateway is there.
    pub client: Option<Client>,
    /// What the token is asked for.
    pub grant: Grant,
    /// What it is for: `scope`, `audience`, `resource` and whatever else the server wants, in this
    /// order.
    pub parameters: Vec<(&'static str, String)>,
    /// CA certificates (PEM) that the server is verified by, instead of the system's.
    pub ca: Option<Vec<u8>>,
}

/// A client of an authorization server.
#[derive(Debug, PartialEq)]
pub struct Client {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: Arc<SecretSource>,
    /// How it shows the two.
    pub auth: ClientAuth,
}

/// How a client proves who it is (RFC 6749 §2.3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientAuth {
    /// In the header `authorization: Basic`.
    #[default]
    Basic,
    /// In the form.
    Post,
}

/// What a token is given for.
#[derive(Debug, PartialEq)]
pub enum Grant {
    /// The client itself.
    Client,
    /// Another token, of this type (RFC 8693 §3).
    Token(Arc<SecretSource>, String),
}

impl OAuth {
    pub(super) const fn kind(&self) -> &'static str {
        match self.grant {
            Grant::Client => "oauth",
            Grant::Token(..) => "token_exchange",
        }
    }

    pub(super) fn sources(&self) -> Vec<&SecretSource> {
        let client = self.client.iter().map(|client| &*client.secret);
        let subject = match &self.grant {
            Grant::Client => None,
            Grant::Token(subject, _) => Some(&**subject),
        };
        client.chain(subject).collect()
    }

    pub(super) async fn mint(&self, fetcher: &Fetcher) -> Result<Lease, MintError> {
        let client = self.client.as_ref().map(|client| (client, client.secret.current()));
        let subject = match &self.grant {
            Grant::Client => None,
            Grant::Token(subject, kind) => Some((subject.current(), kind)),
        };
        let mut fields = vec![match &subject {
            None => ("grant_type", CLIENT_CREDENTIALS),
            Some(_) => ("grant_type", EXCHANGE),
        }];
        if let Some((token, kind)) = &subject {
            fields.push(("subject_token", text(token)?));
            fields.push(("subject_token_type", kind));
        }
        fields.extend(self.parameters.iter().map(|(name, value)| (*name, value.as_str())));
        if let Some((Client { id, auth: ClientAuth::Post, .. }, secret)) = &client {
            fields.extend([("client_id", id.as_str()), ("client_secret", text(secret)?)]);
        }
        let (mut headers, body) = form(&fields);
        if let Some((Client { id, auth: ClientAuth::Basic, .. }, secret)) = &client {
            let basic = basic(id, secret)?;
            let (name, value) = secret_header(header::AUTHORIZATION, "Basic ", basic.as_bytes())?;
            headers.insert(name, value);
        }
        access_token(&fetcher.post(self.token_url.as_str(), headers, body).await?)
    }
}

/// Id and secret as RFC 6749 §2.3.1 wants them: each as in a form, then joined, then in base64.
fn basic(id: &str, secret: &Secret) -> Result<String, MintError> {
    let escape = |part: &str| form_urlencoded::byte_serialize(part.as_bytes()).collect::<String>();
    Ok(STANDARD.encode(format!("{}:{}", escape(id), escape(text(secret)?))))
}
