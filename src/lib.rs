//! Egret, the egress gateway for AI traffic.

pub mod admin;
pub mod admission;
pub mod budget;
pub mod cli;
pub mod config;
pub mod connect;
pub mod credential;
pub mod demo;
pub mod fetch;
pub mod gateway;
pub mod identity;
pub mod proxy;
pub mod report;
pub mod resolve;
pub mod route;
pub mod simulator;
pub mod snapshot;
pub mod telemetry;
pub mod trust;
