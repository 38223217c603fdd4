//! Every ordered pair of schemas, through the public path only: what a caller of one says must
//! arrive at a provider of the other, be reported as lost, or be refused (`wire.md` §3 to §5).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod answer;
mod answers;
mod caller;
mod citations;
mod cuts;
mod errors;
mod free_text;
mod gemini_extras;
mod ladder;
mod nothing_lost;
mod odd_answers;
mod one_call;
mod provider;
mod reasoning;
mod requests;
mod round_trips;
mod support;
mod verbatim;
