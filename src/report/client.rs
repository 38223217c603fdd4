//! Asking the admin listener.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::runtime::{Builder, Runtime};

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Where the token is looked for.
const TOKEN: &str = "EGRET_ADMIN_TOKEN";

/// One admin listener.
pub(super) struct Admin {
    url: String,
    client: Client,
    runtime: Runtime,
}

#[derive(Deserialize)]
struct Told {
    error: String,
}

impl Admin {
    /// The one at this URL, or at this address as a configuration has it: without `http://`.
    pub(super) fn at(url: &str) -> Result<Self, String> {
        let scheme = if url.contains("://") { "" } else { "http://" };
        let fail = |error: &dyn std::fmt::Display| format!("cannot start a client: {error}");
        let builder =
            Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none());
        // What is beside this machine is not behind a proxy, and its answers are money.
        let client = builder.no_proxy().build().map_err(|error| fail(&error))?;
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| fail(&error))?;
        let url = format!("{scheme}{}", url.trim_end_matches('/'));
        Ok(Self { url, client, runtime })
    }

    /// What a path says; values are escaped. With the token from the environment, if there is one:
    /// a gateway on another machine asks for it.
    pub(super) fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, String> {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        let request = self.client.request(Method::GET, format!("{}{path}?{query}", self.url));
        self.ask(match std::env::var(TOKEN) {
            Ok(token) => request.bearer_auth(token.trim_end()),
            Err(_) => request,
        })
    }

    /// Changes something, with the token from the environment.
    pub(super) fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, String> {
        let token = std::env::var(TOKEN)
            .map_err(|_| format!("changes need the gateway's admin token: put it into {TOKEN}"))?;
        let body = serde_json::to_vec(body).map_err(|error| error.to_string())?;
        let request = self.client.request(Method::POST, format!("{}{path}", self.url));
        let request = request.bearer_auth(token.trim_end()).body(body);
        self.ask(request.header("content-type", "application/json"))
    }

    fn ask<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, String> {
        let url = &self.url;
        let asking = async {
            let response = request.send().await?;
            Ok::<_, reqwest::Error>((response.status(), response.bytes().await?))
        };
        let (status, body) = self.runtime.block_on(asking).map_err(|error| {
            let why = if error.is_connect() { "nobody answers there" } else { "no answer came" };
            format!(
                "{url}: {why}; --admin takes the address that the gateway's configuration has \
                 under `admin`"
            )
        })?;
        if status == StatusCode::OK {
            let told = serde_json::from_slice(&body);
            return told.map_err(|error| format!("{url} is not an Egret of this version: {error}"));
        }
        match serde_json::from_slice(&body) {
            Ok(Told { error }) => Err(format!("{url}: {error}")),
            Err(_) => Err(format!("{url} answers with {status}; is it an Egret's admin listener?")),
        }
    }
}
