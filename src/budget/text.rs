//! Types that are kept as the text that people write for them.

use super::{Invalid, Quantity, Scope, Window};

/// What serde's `into` and `try_from` ask for, by way of `Display` and `FromStr`.
macro_rules! kept_as_text {
    ($($name:ident)*) => {
        $(impl TryFrom<String> for $name {
            type Error = Invalid;

            fn try_from(text: String) -> Result<Self, Invalid> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(it: $name) -> Self {
                it.to_string()
            }
        })*
    };
}
kept_as_text! { Quantity Scope Window }
