//! Where calls may be served, as it is written.

use super::RawWho;
use crate::config::decode::{List, read_from_map, section};

section! {
    /// Where the calls of some callers may be served.
    RawRegions { who as "match": RawWho, allow: List<String>, }
}

read_from_map! { RawRegions }
