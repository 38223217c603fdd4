//! A server that is asked about tokens: an issuer's, or Kubernetes'.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use providers::vendor::Header;

use crate::credential::{SecretSource, inject};
use crate::fetch::Fetcher;

/// A server, how it proves who it is, and what it is shown.
#[derive(Debug)]
pub struct Server {
    fetcher: Fetcher,
    /// Sent as `authorization: Bearer`.
    token: Option<Arc<SecretSource>>,
    #[cfg(test)]
    stand_in: Option<StandIn>,
}

/// Who is posted to instead, in memory: a clock that a test has stopped waits for no socket.
#[cfg(test)]
pub(super) type StandIn = tokio::sync::mpsc::UnboundedSender<Posted>;

/// A body, and where the answer goes.
#[cfg(test)]
pub(super) type Posted = (Vec<u8>, tokio::sync::oneshot::Sender<(StatusCode, Bytes)>);

impl Server {
    /// A server that is shown `token`, if one is given.
    #[must_use]
    pub const fn new(fetcher: Fetcher, token: Option<Arc<SecretSource>>) -> Self {
        Self {
            fetcher,
            token,
            #[cfg(test)]
            stand_in: None,
        }
    }

    /// The same, while this one is posted to instead.
    #[cfg(test)]
    pub(super) fn with_stand_in(self, stand_in: StandIn) -> Self {
        Self { stand_in: Some(stand_in), ..self }
    }

    /// What it is shown.
    pub(super) const fn token(&self) -> Option<&Arc<SecretSource>> {
        self.token.as_ref()
    }

    /// What is at this URL, if that is no more than `longest` bytes.
    pub(super) async fn get(&self, url: &str, longest: usize) -> Result<Bytes, String> {
        let answer = self.fetcher.get(url, self.headers()?).await;
        let answer = answer.map_err(|error| error.to_string())?;
        take(answer.status, answer.body, longest)
    }

    /// The same of a server that is not shown the token: it is another's.
    pub(super) async fn get_of_another(&self, url: &str, longest: usize) -> Result<Bytes, String> {
        let answer = self.fetcher.get(url, accepting()).await;
        let answer = answer.map_err(|error| error.to_string())?;
        take(answer.status, answer.body, longest)
    }

    /// What it says to a JSON body.
    pub(super) async fn post(
        &self,
        url: &str,
        body: Vec<u8>,
        longest: usize,
    ) -> Result<Bytes, String> {
        #[cfg(test)]
        if let Some(stand_in) = &self.stand_in {
            let (answer, answered) = tokio::sync::oneshot::channel();
            stand_in.send((body, answer)).map_err(|error| error.to_string())?;
            let (status, body) = answered.await.map_err(|error| error.to_string())?;
            return take(status, body, longest);
        }
        let mut headers = self.headers()?;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let answer = self.fetcher.post(url, headers, body.into()).await;
        let answer = answer.map_err(|error| error.to_string())?;
        take(answer.status, answer.body, longest)
    }

    fn headers(&self) -> Result<HeaderMap, String> {
        let mut headers = accepting();
        if let Some(token) = &self.token {
            let form = Header { name: "authorization".to_owned(), prefix: "Bearer ".to_owned() };
            let shown = inject(&form, &token.current());
            let (name, value) = shown.map_err(|_| "its token is no token".to_owned())?;
            headers.insert(name, value);
        }
        Ok(headers)
    }
}

fn accepting() -> HeaderMap {
    HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))])
}

fn take(status: StatusCode, body: Bytes, longest: usize) -> Result<Bytes, String> {
    if !status.is_success() {
        return Err(format!("it answers {}", status.as_u16()));
    }
    if body.len() > longest { Err("the answer is too long".to_owned()) } else { Ok(body) }
}
