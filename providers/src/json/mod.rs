//! JSON as the gateway needs it: the caller's bytes checked, looked into and edited without being
//! parsed ([`Peek`], [`splice()`]), and what the codecs read with: borrowed text, raw values,
//! objects in their written order.

mod count;
mod depth;
mod models;
mod object;
mod peek;
mod plain;
mod read;
mod scan;
mod splice;
mod text;
mod write;

pub use depth::DEPTH_LIMIT;
pub use models::{Models, REQUESTS_MAX};
pub use object::{Object, reports_error};
pub use peek::Peek;
pub use splice::{Edit, splice};
pub use text::Str;

pub(crate) use count::count;
pub(crate) use depth::Container;
pub(crate) use read::read;
pub(crate) use scan::{Malformed, Scanner};
pub(crate) use write::{Text, append, text, write};
