//! What a backend is shown, as it is written.

use super::RawSecret;
use crate::config::decode::{Decode, List, read_from_map, section};
use crate::config::node::{Kind, Node};
use crate::config::problem::Problems;
use crate::config::value::{Switch, Word};
use crate::credential::ClientAuth;

/// What a backend is shown.
#[derive(Clone, Debug)]
pub(in crate::config) enum RawCredential {
    /// `none`, in words.
    None,
    /// A credential of some kind.
    Of(Box<RawKinds>),
}

section! {
    /// The kinds of credentials, of which there is one.
    RawKinds {
        env: String,
        file: String,
        keys: List<RawSecret>,
        token: RawSecret,
        aws: RawAws,
        google: RawGoogle,
        azure: RawAzure,
        oauth: RawOAuth,
        token_exchange: RawExchange,
    }
}

section! {
    /// Amazon's signature.
    RawAws {
        region: String,
        service: String,
        profile: String,
        access_key_id: RawSecret,
        secret_access_key: RawSecret,
        session_token: RawSecret,
        role_arn: String,
        session_name: String,
        external_id: String,
        web_identity_token_file: String,
        instance: Switch,
        sts_url: String,
        instance_url: String,
    }
}

section! {
    /// Google's access token.
    RawGoogle { file: String, metadata: Switch, scope: String, token_url: String, metadata_url: String, }
}

section! {
    /// Microsoft Entra's access token.
    RawAzure {
        tenant_id: String,
        client_id: String,
        client_secret: RawSecret,
        federated_token_file: String,
        managed_identity: Switch,
        scope: String,
        authority: String,
        identity_url: String,
    }
}

section! {
    /// An access token of an OAuth server, for a client.
    RawOAuth {
        token_url: String,
        client_id: String,
        client_secret: RawSecret,
        auth: ClientAuth,
        scope: String,
        audience: String,
        resource: String,
        ca: String,
    }
}

section! {
    /// An access token of an OAuth server, for another token.
    RawExchange {
        token_url: String,
        subject_token: RawSecret,
        subject_token_type: String,
        requested_token_type: String,
        scope: String,
        audience: String,
        resource: String,
        client_id: String,
        client_secret: RawSecret,
        auth: ClientAuth,
        ca: String,
    }
}

read_from_map! { RawAws RawGoogle RawAzure RawOAuth RawExchange }

impl Word for ClientAuth {
    const WORDS: &'static [(&'static str, Self)] = &[("basic", Self::Basic), ("post", Self::Post)];
}

impl Decode for RawCredential {
    fn decode(node: &Node, key: &str, problems: &mut Problems) -> Option<Self> {
        match &node.kind {
            Kind::Scalar(text) if text == "none" => Some(Self::None),
            // What stands here is likely to be the secret itself: it must not be repeated.
            Kind::Scalar(_) => RawSecret::decode(node, key, problems).map(|_| Self::None),
            _ => Some(Self::Of(Box::new(RawKinds::from_map(node, key, problems)?))),
        }
    }
}
