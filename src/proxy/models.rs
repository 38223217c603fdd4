//! The models that a caller may ask for, as its schema lists them.

use pingora::proxy::Session;
use providers::Schema;
use providers::conversation::{ApiError, ErrorClass};
use providers::surface;

use super::ctx::RequestCtx;
use super::failure::Failure;
use super::reply;
use crate::admission::{Who, may_list};
use crate::route;

/// Answers with all of them.
pub async fn list(
    session: &mut Session,
    ctx: &mut RequestCtx,
    who: &Who,
    schema: Schema,
) -> Result<(), Failure> {
    ctx.surface = schema;
    let snapshot = &ctx.snapshot;
    let names =
        snapshot.models(|route, target, asked| may_list(snapshot, who, route, target, asked));
    let listed: Vec<(&str, u64)> = names.into_iter().map(|name| (name, 0)).collect();
    reply::json(session, ctx, surface::render_models(schema, &listed)).await
}

/// Answers with the one of this name.
pub async fn show(
    session: &mut Session,
    ctx: &mut RequestCtx,
    who: &Who,
    schema: Schema,
    id: &str,
) -> Result<(), Failure> {
    ctx.surface = schema;
    let served = route::find(&ctx.snapshot.routes, id).is_some_and(|route| {
        route.targets.iter().any(|target| may_list(&ctx.snapshot, who, route, target, id))
    });
    if !served {
        let error = ApiError::new(ErrorClass::NotFound, "no such model is served here");
        return Err(Failure::denied("no_route", error));
    }
    reply::json(session, ctx, surface::render_model(schema, id, 0)).await
}
