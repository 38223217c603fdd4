//! One request: who calls, what is asked, what goes wrong, what is answered.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use tokio::sync::Notify;

use super::answer::Answer;
use super::host::Host;
use super::journal::Arrival;
use super::json::Json;
use super::openai::{chat, responses};
use super::playback::{Playback, Watch};
use super::rejection::Rejection;
use super::route::{self, Api, Endpoint, Route};
use super::script::Fault;
use super::server::State;
use super::turn::{Tokens, Turn};
use super::{Provider, claude, credential, gemini, lenient, openai};

/// The largest body that is read.
const BODY_LIMIT: usize = 64 << 20;

/// Why there is no ordinary answer.
pub(super) enum Ending {
    /// An answer after all.
    Answer(Answer),
    /// No answer: the connection (h2: the stream) breaks.
    Close,
    /// No answer, and no end either.
    Stall,
}

impl From<Answer> for Ending {
    fn from(answer: Answer) -> Self {
        Self::Answer(answer)
    }
}

/// Answers one request, or breaks its connection.
pub(super) async fn exchange(
    state: &State,
    request: Request<Incoming>,
    connection: u64,
    leave: &Notify,
) -> Result<Response<Playback>, io::Error> {
    state.tally.requests.fetch_add(1, Ordering::Relaxed);
    let mut watch = Watch::new(Arc::clone(&state.tally));
    let (head, body) = request.into_parts();
    let body = match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            Err(Rejection::new(413, "Request exceeds the maximum size"))
        }
        Err(error) => return Err(io::Error::other(error)),
    };
    let hash = match &body {
        Ok(body) if !state.lenient => crc32fast::hash(body),
        _ => 0,
    };
    let route = route::find(state.provider, &head);
    let host = route.as_ref().map_or(Host::Own, |route| route.host);
    let case = Case { state, head: &head, host, hash, id: &format!("req_Sim{hash:08x}"), leave };
    let ending = match &body {
        Ok(body) => {
            case.note(body, connection);
            case.answer(route, body).await.unwrap_or_else(|ending| ending)
        }
        Err(rejection) => case.reject(rejection).into(),
    };
    match ending {
        Ending::Answer(answer) => case.respond(answer, watch),
        Ending::Close => {
            watch.done();
            Err(io::Error::other("the script closes the connection here"))
        }
        Ending::Stall => std::future::pending().await,
    }
}

/// A request being answered.
pub(super) struct Case<'r> {
    pub(super) state: &'r State,
    pub(super) head: &'r Parts,
    /// Whose host was asked.
    pub(super) host: Host,
    /// Names the request: a hash of its body.
    hash: u32,
    pub(super) id: &'r str,
    leave: &'r Notify,
}

impl Case<'_> {
    pub(super) fn provider(&self) -> Provider {
        self.state.provider
    }

    fn note(&self, body: &Bytes, connection: u64) {
        if self.state.journal.is_on() {
            self.state.journal.add(Arrival {
                method: self.head.method.to_string(),
                target: self.head.uri.path_and_query().map_or("", |target| target.as_str()).into(),
                version: format!("{:?}", self.head.version),
                headers: self.head.headers.clone(),
                body: body.clone(),
                connection,
            });
        }
    }

    async fn answer(
        &self,
        route: Result<Route, Rejection>,
        body: &Bytes,
    ) -> Result<Ending, Ending> {
        let query = self.head.uri.query().unwrap_or_default();
        let reject = |rejection: Rejection| Ending::from(self.reject(&rejection));
        let route = route.map_err(reject)?;
        credential::check(
            self.provider(),
            self.host,
            &self.state.accepted,
            &self.head.headers,
            query,
        )
        .map_err(reject)?;
        match route.endpoint {
            Endpoint::Models => return Ok(self.models().into()),
            Endpoint::Model => return Ok(self.model(&route).into()),
            Endpoint::Opaque => {
                self.instead(&self.state.script.take("")).await?;
                return Ok(self.echo(body).into());
            }
            _ => {}
        }
        if self.state.lenient && route.endpoint == Endpoint::Answer {
            let turn = lenient::read(self.provider(), body, &route);
            return self.take(&route, &turn, Vec::new()).await;
        }
        let json = self.parse(body).map_err(reject)?;
        let model = match &route.model {
            Some(model) => model.as_str(),
            None => json.get("model").and_then(Json::text).unwrap_or_default(),
        };
        let faults = self.state.script.take(model);
        self.instead(&faults).await?;
        if !model.is_empty() && !route.has_model(self.provider(), model) {
            return Err(reject(route.unknown_model(model)));
        }
        match route.endpoint {
            Endpoint::Count => self.count(&json, &route).await,
            Endpoint::Embed | Endpoint::EmbedBatch => self.embed(&json, &route).await,
            _ => {
                let turn = self.read(&json, &route).map_err(reject)?;
                self.take(&route, &turn, faults).await
            }
        }
    }

    fn parse<'b>(&self, body: &'b [u8]) -> Result<Json<'b>, Rejection> {
        let kind = self.head.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        if !kind.is_some_and(|kind| kind.starts_with("application/json")) {
            return Err(Rejection::bad("The content-type must be application/json."));
        }
        let json = Json::parse(body).map_err(|error| {
            Rejection::bad(match self.provider() {
                Provider::OpenAi => {
                    format!("We could not parse the JSON body of your request. ({error})")
                }
                Provider::Claude => format!("The request body is not valid JSON: {error}"),
                Provider::Gemini => format!("Invalid JSON payload received. {error}"),
            })
        })?;
        match json {
            Json::Object(_) => Ok(json),
            other => {
                Err(Rejection::bad(format!("The body must be an object, not {}", other.kind())))
            }
        }
    }

    fn read<'j>(&self, json: &'j Json<'j>, route: &Route) -> Result<Turn<'j>, Rejection> {
        match route.api {
            Api::Chat => chat::read(json, route),
            Api::Responses => responses::read(json, route),
            Api::Messages => claude::read(json, &self.head.headers, route),
            Api::Generate => gemini::read(json, route),
        }
    }

    /// Counts the tokens of an input.
    async fn count(&self, json: &Json<'_>, route: &Route) -> Result<Ending, Ending> {
        let turn = match route.api {
            Api::Chat | Api::Responses => responses::read_count(json, route),
            Api::Messages => claude::read_count(json, &self.head.headers, route),
            Api::Generate => gemini::read_count(json, route),
        };
        let turn = turn.map_err(|rejection| self.reject(&rejection))?;
        self.instead(&Fault::in_text(&turn.said)).await?;
        let tokens = turn.input.tokens();
        let body = match route.api {
            Api::Chat | Api::Responses => responses::count(tokens),
            Api::Messages => claude::count(tokens),
            Api::Generate => gemini::count(tokens),
        };
        Ok(self.page(200, "application/json", body.to_string()).into())
    }

    /// Embeds, and bills the input.
    async fn embed(&self, json: &Json<'_>, route: &Route) -> Result<Ending, Ending> {
        let embedded = match (route.api, route.endpoint) {
            (Api::Generate, Endpoint::EmbedBatch) => gemini::embed_batch(json, route),
            (Api::Generate, _) => gemini::embed(json, route),
            _ => openai::embed(json, route),
        };
        let embedded = embedded.map_err(|rejection| self.reject(&rejection))?;
        self.instead(&Fault::in_text(&embedded.said)).await?;
        let tokens = Tokens { input: embedded.tokens, ..Tokens::default() };
        self.state.bill.add(&embedded.model, tokens);
        Ok(self.page(200, "application/json", embedded.body.to_string()).into())
    }

    /// Answers a turn, under the script's faults and those of its own text.
    async fn take(
        &self,
        route: &Route,
        turn: &Turn<'_>,
        mut faults: Vec<Fault>,
    ) -> Result<Ending, Ending> {
        let asked = Fault::in_text(&turn.said);
        if self.state.lenient {
            faults = self.state.script.take(&turn.model);
            self.instead(&faults).await?;
        }
        self.instead(&asked).await?;
        faults.extend(asked);
        let reply = turn.answer(self.hash, &faults);
        self.state.bill.add(&turn.model, reply.tokens);
        if faults.contains(&Fault::GoAway) {
            self.leave.notify_one();
        }
        Ok(self.write(route, turn, &reply, &faults).into())
    }

    fn respond(&self, answer: Answer, watch: Watch) -> Result<Response<Playback>, io::Error> {
        let mut response = Response::new(Playback::new(answer.steps, answer.whole, watch));
        *response.status_mut() = StatusCode::from_u16(answer.status).map_err(io::Error::other)?;
        *response.headers_mut() = answer.headers;
        Ok(response)
    }
}
