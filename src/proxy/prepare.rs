//! A request as one backend is to get it: in the schema that suits it, in its vendor's manner.

use std::borrow::Cow;

use http::HeaderMap;
use pingora::proxy::Session;
use providers::Schema;
use providers::catalog::ApiVersion;
use providers::codec::{Encoded, Target};
use providers::conversation::{ApiError, ErrorClass, Loss};
use providers::json::splice;
use providers::seal::{Origin, Seal};
use providers::surface::Operation;
use providers::translate::{Inbound, Leeway};
use providers::vendor::Place;

use super::Gateway;
use super::ctx::RequestCtx;
use super::egress::{self, Line};
use super::exchange::Asked;
use super::failure::Failure;
use super::upstream::Outgoing;
use crate::admission::Attempt;
use crate::snapshot::Backend;

/// A request that an attempt's backend can be sent.
pub struct Prepared {
    /// The schema it is written in.
    pub schema: Schema,
    outgoing: Outgoing,
    losses: Vec<Loss>,
    emulated: Vec<Loss>,
}

impl Prepared {
    /// How many bytes of the memory for bodies it takes on top of the caller's own.
    pub fn copied(&self, own: &[u8]) -> usize {
        let body = &self.outgoing.body;
        if own.as_ptr_range().contains(&body.as_ptr()) { 0 } else { body.len() }
    }
}

/// What a caller says of Anthropic's API in headers.
struct Said<'a> {
    version: Option<&'a str>,
    betas: Vec<&'a str>,
}

/// The request as this attempt's backend is to get it.
pub fn prepare(
    gateway: &Gateway,
    session: &Session,
    ctx: &RequestCtx,
    asked: &Asked,
    inbound: &mut Inbound<'_>,
    attempt: &Attempt,
) -> Result<Prepared, Failure> {
    let backend = attempt.backend();
    let caller = session.req_header();
    let none = Leeway::default();
    let leeway = ctx.route.as_ref().map_or(&none, |route| &route.leeway);

    let spoken = offering(attempt, inbound);
    if spoken.is_empty() {
        return Err(not_offered(backend, asked.operation));
    }
    let seal = gateway.seal(ctx, attempt);
    let encoded = inbound.encode(&spoken, leeway, &seal);
    let (schema, encoded) = encoded.map_err(cannot_carry)?;
    let Encoded { body, mut losses, emulated, api_version } = encoded;
    let Some(offer) = backend.vendor.offer(schema) else {
        return Err(not_offered(backend, asked.operation));
    };

    let terms = attempt.terms().capabilities(schema);
    let same_schema = schema == ctx.surface;
    let said = Said::of(&caller.headers);
    let heard = same_schema && offer.betas() != Place::Nowhere;
    if ctx.surface == Schema::Claude && !said.betas.is_empty() && !heard {
        losses.push(Loss::of("anthropic-beta"));
        leeway.check(ctx.surface, &losses)?;
    }
    let version = said.version.filter(|_| same_schema).or(api_version);
    // The older takes all that the newer does.
    let version = version.map_or_else(|| terms.version_for(true), ApiVersion::of);
    let betas: &[&str] = if same_schema { &said.betas } else { &[] };

    let operation = inbound.operation(schema);
    let body = splice(&body, offer.edits(operation, &body, version, betas)?);
    let own_version = asked.version.as_deref().filter(|_| same_schema);
    let path = backend.paths.path(schema, operation, attempt.model(), own_version)?;
    let Some(path) = path else { return Err(not_offered(backend, asked.operation)) };
    let stream = inbound.stream();
    let line = Line { offer, path: &path, same_schema, version, stream, length: body.len() };
    let mut header = egress::header(backend, line, caller)?;
    ctx.hops.tell(&mut header, backend)?;
    Ok(Prepared { schema, outgoing: Outgoing { header, body }, losses, emulated })
}

/// The schemas in which a backend can be asked this, each with what its model takes there.
fn offering<'a>(attempt: &'a Attempt, inbound: &Inbound<'_>) -> Vec<(Schema, Target<'a>)> {
    let backend = attempt.backend();
    let has = |schema: &Schema| {
        let offer = backend.vendor.offer(*schema);
        offer.is_some_and(|offer| offer.has(inbound.operation(*schema)))
    };
    let target = |schema| {
        let capabilities = attempt.terms().capabilities(schema);
        (schema, Target { model: attempt.model(), capabilities })
    };
    backend.spoken.iter().copied().filter(has).map(target).collect()
}

fn not_offered(backend: &Backend, operation: Operation) -> Failure {
    let lack = match operation {
        Operation::Generate { .. } => "serves no model turns",
        Operation::Embed { .. } => "has no embeddings",
        Operation::Count => "does not count tokens",
    };
    let (name, title) = (&backend.name, backend.vendor.title());
    let message = format!("backend `{name}` ({title}) {lack}; name a model of another backend");
    Failure::denied("not_offered", ApiError::new(ErrorClass::NotFound, message))
}

/// The backend has no words for what is asked.
fn cannot_carry(error: ApiError) -> Failure {
    let reason = if error.class == ErrorClass::NotFound { "not_offered" } else { "bad_request" };
    Failure::denied(reason, error)
}

impl<'a> Said<'a> {
    fn of(headers: &'a HeaderMap) -> Self {
        let texts = |name| headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        Self {
            version: texts("anthropic-version").next(),
            betas: texts("anthropic-beta").flat_map(|betas| betas.split(',')).collect(),
        }
    }
}

impl Gateway {
    /// What proves that a token was made by this attempt's backend and model on this route.
    pub fn seal(&self, ctx: &RequestCtx, attempt: &Attempt) -> Seal {
        let backend = &attempt.backend().name;
        let route = ctx.route.as_ref().map_or("", |route| &route.name);
        let key = ctx.snapshot.seal.as_ref().unwrap_or(&self.seal);
        Seal::new(key, &Origin { backend, model: attempt.model(), route })
    }
}

impl Prepared {
    /// The attempt begins: from here on it is the one that metrics and the log speak of.
    pub fn enter(self, gateway: &Gateway, ctx: &mut RequestCtx, attempt: &Attempt) -> Outgoing {
        ctx.attempts += 1;
        ctx.backend = Some(attempt.backend().clone());
        ctx.spoken = Some(self.schema);
        ctx.served_model = Some(attempt.model().to_owned());
        ctx.dropped = names(&self.losses);
        ctx.emulated = names(&self.emulated);
        for loss in &self.losses {
            // Names of the caller's own making would be labels without bound (S-52).
            let field = match &loss.field {
                Cow::Borrowed(known) => known,
                Cow::Owned(_) => "other",
            };
            let (from, to) = (ctx.surface.as_str(), self.schema.as_str());
            gateway.metrics.dropped(ctx.place(), from, to, field);
        }
        self.outgoing
    }

    /// Takes the place of what was prepared for the same attempt before.
    pub fn instead(self, ctx: &mut RequestCtx) -> (Schema, Outgoing) {
        ctx.spoken = Some(self.schema);
        ctx.dropped = names(&self.losses);
        ctx.emulated = names(&self.emulated);
        (self.schema, self.outgoing)
    }
}

/// The names as a header and a line of the log can hold them: callers may write as many fields of
/// their own, and as long ones, as a body has room for.
fn names(losses: &[Loss]) -> Vec<String> {
    const MOST: usize = 32;
    const LONGEST: usize = 96;
    let short = |loss: &Loss| loss.field.chars().take(LONGEST).collect();
    let mut names: Vec<String> = losses.iter().take(MOST).map(short).collect();
    if losses.len() > MOST {
        names.push(format!("and {} more", losses.len() - MOST));
    }
    names
}
