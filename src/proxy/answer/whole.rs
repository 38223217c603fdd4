//! Answers in one piece.

use std::pin::pin;

use bytes::Bytes;
use http::header;
use pingora::http::ResponseHeader;
use pingora::proxy::Session;

use super::super::ctx::RequestCtx;
use super::super::exchange::{Attempted, Exchange};
use super::super::failure::Failure;
use super::super::intake::Share;
use super::super::rejection::scrub;
use super::super::upstream::Incoming;
use super::{Begun, Relayed, encoding, headers, send, spoilt, unreadable};

/// Largest answer in one piece.
const WHOLE: usize = 64 * 1024 * 1024;

/// What a backend did that answers a request for a stream with something whole.
const NO_STREAM: &str = "sent no stream where one was asked for";

/// Relays an answer in one piece.
pub async fn relay(begun: Begun<'_>, session: &mut Session, ctx: &mut RequestCtx) -> Relayed {
    let Begun { exchange, incoming, admitted } = begun;
    // Its share of the memory is held until it has been sent.
    let mut share = exchange.gateway.memory.share();
    let (head, body) = match read(exchange, session, ctx, incoming, &mut share).await {
        Ok((head, Ok(body))) => (head, body),
        Ok((_, Err(what))) => return Ok(spoilt(exchange, ctx, admitted, what)),
        Err(failure) => {
            exchange.charge_estimate(ctx, admitted, None);
            return Err(failure);
        }
    };

    let reply = exchange.reply(ctx);
    let seal = exchange.seal(ctx);
    let Ok(answered) = exchange.inbound.answer(exchange.schema, &body, &reply, &seal) else {
        exchange.charge_unreadable(ctx, admitted, &body);
        return Ok(unreadable(exchange, ctx, "sent an answer that can't be read"));
    };
    exchange.backend_succeeded();
    exchange.settle_whole(ctx, admitted, answered.usage, &body);
    // It has been paid for: no other attempt is made.
    let answer = answered.body.map_err(|mut error| {
        scrub(&mut error, &ctx.shown);
        Failure::upstream("provider_bad_answer", error)
    })?;
    let answer = ctx.shown.scrub_answer(answer);
    if ctx.left.is_some() {
        return Err(Failure::CallerGone);
    }

    exchange.look(ctx);
    let mut header = headers::head(ctx, head.as_ref(), "application/json")?;
    headers::insert_cost(&mut header, ctx).map_err(Failure::unbuildable)?;
    header
        .insert_header(header::CONTENT_LENGTH, answer.len().to_string())
        .map_err(Failure::unbuildable)?;
    ctx.first_byte = Some(ctx.started.elapsed());
    send::head(session, header).await?;
    send::body(session, answer, true).await?;
    Ok(Attempted::Served)
}

/// Something whole where a stream was asked for: an error or a page that came with a 200, or the
/// answer of a host that doesn't stream, which may have been billed.
pub async fn instead_of_stream(
    begun: Begun<'_>,
    session: &mut Session,
    ctx: &mut RequestCtx,
) -> Relayed {
    let Begun { exchange, incoming, admitted } = begun;
    let mut share = exchange.gateway.memory.share();
    match read(exchange, session, ctx, incoming, &mut share).await {
        Ok((_, Ok(body))) => {
            match exchange.schema.codec().decode_response(&body) {
                Ok(response) => exchange.settle_whole(ctx, admitted, response.usage, &body),
                Err(_) => exchange.charge_unreadable(ctx, admitted, &body),
            }
            Ok(unreadable(exchange, ctx, NO_STREAM))
        }
        Ok((_, Err(_))) => Ok(spoilt(exchange, ctx, admitted, NO_STREAM)),
        Err(failure) => {
            exchange.charge_estimate(ctx, admitted, None);
            Err(failure)
        }
    }
}

/// The head of an answer and all of its body, or what the backend did instead.
type Read = (Option<ResponseHeader>, Result<Bytes, &'static str>);

/// Reads an answer whole, if there is room for it, and for what is made of it.
async fn read(
    exchange: &Exchange<'_>,
    session: &mut Session,
    ctx: &mut RequestCtx,
    mut incoming: Incoming,
    share: &mut Share,
) -> Result<Read, Failure> {
    let copies = if exchange.schema == ctx.surface { 1 } else { 2 };
    let mut room = Ok(());
    let rest = incoming.rest_while(|length| {
        room = if length > WHOLE { Ok(()) } else { share.cover(copies * length) };
        length <= WHOLE && room.is_ok()
    });
    let read = exchange.wait(session, ctx, pin!(rest)).await;
    let head = incoming.header().cloned();
    incoming.release().await;
    let body = match read? {
        Ok(Some(body)) => {
            let plain = encoding::plain(head.as_ref(), body, WHOLE);
            if let Some(plain) = &plain {
                share.cover(copies * plain.len())?;
            }
            plain.ok_or("sent an answer in an encoding that was not asked for")
        }
        Ok(None) => {
            room?;
            Err("sent an answer larger than 64 MiB")
        }
        Err(_) => Err("broke its answer off"),
    };
    Ok((head, body))
}
