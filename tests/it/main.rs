//! End-to-end tests: the real `egret` as a process of its own, real sockets and real TLS, between
//! real clients and simulators of the three providers that run in the test's process.
//!
//! Security tests carry the stable number of the threat that they are about (S-01 …). Each attack
//! is followed by a clean request, which must be served. Nothing here asserts how long something
//! takes; deadlines only keep a broken gateway from hanging the tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod access;
mod access_rules;
mod admin;
mod admission;
mod bodies;
mod budget;
mod cap;
mod ceiling;
mod connect;
mod crash;
mod crash_many;
mod credential;
mod credential_aws;
mod credential_azure;
mod credential_google;
mod credential_keys;
mod credential_oauth;
mod crowd;
mod cut;
mod deadline;
mod destination;
mod disconnect;
mod dns;
mod downgrade;
mod drain;
mod early;
mod failover;
mod frames;
mod headers;
mod hostile_body;
mod hostile_usage;
mod hostile_wire;
mod identity_claims;
mod identity_jwt;
mod identity_mtls;
mod identity_review;
mod identity_rules;
mod identity_token;
mod limit_spelling;
mod limits;
mod listener_tls;
mod loss;
mod matrix;
mod midstream;
mod model_spelling;
mod one_call;
mod opaque;
mod operations;
mod parent;
mod proxy_tunnel;
mod rates;
mod regions;
mod reload;
mod replicas;
mod request_id;
mod resolver;
mod responses;
mod routing;
mod seal;
mod secrecy;
mod soak;
mod spend;
mod start;
mod store_outage;
mod storm;
mod stream;
mod support;
mod tls_matrix;
mod trust;
mod upstream_bytes;
mod vendors;
mod webhook;
mod wire;
