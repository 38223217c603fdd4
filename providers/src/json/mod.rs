//! JSON as the codecs need it: borrowed text, raw values, objects in their written order.

mod object;
mod text;

pub use object::Object;
pub use text::Str;
