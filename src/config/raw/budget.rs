//! What may be spent, as it is written.

use crate::budget::{Money, OnExceeded, Percent, Quantity, Scope, UnknownPrice, Window};
use crate::config::decode::{Chosen, List, Named, Texts, read_from_map, section};
use crate::config::money::{Tokens, Until};
use crate::config::value::Switch;

section! {
    /// What may be spent.
    RawBudget {
        name: String,
        calls as "match": RawCalls,
        per: Scope,
        limit: Quantity,
        window: Window,
        limits: List<RawLimit>,
        cached_tokens: Switch,
        on_exceeded: Chosen<OnExceeded>,
        warn: List<Percent>,
        per_call: RawCeiling,
        grants: List<RawGrant>,
        unknown_price: UnknownPrice,
    }
}

section! {
    /// Which calls a budget counts.
    RawCalls {
        gateway: Texts,
        caller: Texts,
        group: Texts,
        namespace: Texts,
        service_account: Texts,
        labels: Named<Texts>,
        route: Texts,
        backend: Texts,
        provider: Texts,
        model: Texts,
    }
}

section! {
    /// One limit of several.
    RawLimit { limit: Quantity, window: Window, }
}

section! {
    /// What one call may come to.
    RawCeiling { cost: Money, tokens: Tokens, }
}

section! {
    /// A top-up.
    RawGrant { of: String, amount: Quantity, until: Until, }
}

read_from_map! { RawBudget RawCalls RawLimit RawCeiling RawGrant }
