//! An access token of an OAuth server.

use std::sync::Arc;

use super::Resolver;
use crate::config::decode::Field;
use crate::config::problem::Mark;
use crate::config::raw::{RawExchange, RawOAuth, RawSecret};
use crate::credential::{Client, ClientAuth, Endpoint, Grant, OAuth};

const SECRET: &str = "{ env: NAME } or { file: /path }";

impl Resolver<'_> {
    pub(super) fn oauth(&mut self, section: Mark, raw: RawOAuth) -> Option<OAuth> {
        let RawOAuth { token_url, client_id, client_secret, auth, scope, audience, resource, ca } =
            raw;
        let token_url = self.token_url(section, token_url);
        if matches!(client_id, Field::Absent) {
            self.problems.add(section, "`client_id` is missing", "client_id: egret");
        }
        let client = self.client(section, client_id, client_secret, auth);
        let ca = ca.given().and_then(|(mark, path)| self.ca_pem(mark, &path));
        let parameters = [("scope", scope), ("audience", audience), ("resource", resource)];
        Some(OAuth {
            token_url: token_url?,
            client: Some(client??),
            grant: Grant::Client,
            parameters: parameters.into_iter().filter_map(given).collect(),
            ca,
        })
    }

    pub(super) fn token_exchange(&mut self, section: Mark, raw: RawExchange) -> Option<OAuth> {
        let RawExchange {
            token_url,
            subject_token,
            subject_token_type,
            requested_token_type,
            scope,
            audience,
            resource,
            client_id,
            client_secret,
            auth,
            ca,
        } = raw;
        const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
        let token_url = self.token_url(section, token_url);
        let remedy = "subject_token: { file: /var/run/secrets/tokens/egret }";
        let subject = subject_token.require(section, "subject_token", remedy, self.problems);
        let subject = subject.and_then(|(mark, raw)| self.secret(mark, raw));
        let client = self.client(section, client_id, client_secret, auth);
        let ca = ca.given().and_then(|(mark, path)| self.ca_pem(mark, &path));
        let parameters = [
            ("requested_token_type", requested_token_type),
            ("scope", scope),
            ("audience", audience),
            ("resource", resource),
        ];
        let kind = subject_token_type.or(JWT.to_owned());
        Some(OAuth {
            token_url: token_url?,
            client: client?,
            grant: Grant::Token(Arc::new(subject?), kind),
            parameters: parameters.into_iter().filter_map(given).collect(),
            ca,
        })
    }

    fn token_url(&mut self, section: Mark, raw: Field<String>) -> Option<Endpoint> {
        let remedy = "token_url: https://idp.example.com/oauth2/token";
        let (mark, url) = raw.require(section, "token_url", remedy, self.problems)?;
        self.endpoint(Field::Given(mark, url))
    }

    /// Who the gateway is at an authorization server; outside `None` if that is wrong.
    fn client(
        &mut self,
        section: Mark,
        id: Field<String>,
        secret: Field<RawSecret>,
        auth: Field<ClientAuth>,
    ) -> Option<Option<Client>> {
        match (id, secret) {
            (Field::Absent, Field::Absent) => {
                if let Field::Given(mark, _) = auth {
                    let what = "`auth` says how the client is proved, and there is none";
                    self.problems.add(mark, what, "client_id and client_secret beside it");
                }
                Some(None)
            }
            (Field::Absent, Field::Given(mark, _)) => {
                self.problems.add(mark, "`client_secret` without `client_id`", "both");
                None
            }
            (Field::Given(..), Field::Absent) => {
                self.problems.add(section, "`client_secret` is missing", SECRET);
                None
            }
            (Field::Given(_, id), Field::Given(mark, raw)) => {
                let secret = Arc::new(self.secret(mark, raw)?);
                Some(Some(Client { id, secret, auth: auth.or(ClientAuth::default()) }))
            }
            _ => None,
        }
    }
}

fn given((name, value): (&'static str, Field<String>)) -> Option<(&'static str, String)> {
    Some((name, value.value()?))
}
