//! Who is trusted, and who is not: real handshakes, one row each (`egress.md` E4, E5).

mod calls;
mod client;
mod forged;
mod gateway;
mod handshake;
mod lists;
mod rows;
mod system;
