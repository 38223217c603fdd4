//! Budgets.

use std::sync::Arc;

use super::known::Known;
use super::{Resolver, Seen};
use crate::budget::{
    Budget, Calls, Ceiling, Dimension, Grant, Limit, OnExceeded, Percent, Quantity, Scope,
    UnknownPrice, Window,
};
use crate::config::decode::{Chosen, Field, List, Named, Texts};
use crate::config::money::{Tokens, Until};
use crate::config::problem::Mark;
use crate::config::raw::{RawBudget, RawCalls, RawCeiling, RawGrant, RawLimit};
use crate::config::value::Switch;
use crate::snapshot::{Route, matches};

/// The most that Redis counts exactly, in nano-USD or tokens: its scripts count in doubles.
const EXACT: u64 = 9_000_000_000_000_000;

impl Resolver<'_> {
    /// Budgets; `shared` is whether a store counts them.
    pub(super) fn budgets(
        &mut self,
        raw: Field<List<RawBudget>>,
        known: &Known,
        routes: &[Arc<Route>],
        shared: bool,
    ) -> Vec<Arc<Budget>> {
        let remedy = "budgets: [{ name: daily, per: caller, limit: 10 USD, window: day }]";
        let mut seen = Seen::new("the budget");
        let mut budgets = Vec::new();
        for (at, raw) in self.entries(raw, "budgets", remedy, None) {
            let RawBudget {
                name,
                calls,
                per,
                limit,
                window,
                limits,
                cached_tokens,
                on_exceeded,
                warn,
                per_call,
                grants,
                unknown_price,
            } = raw;
            let name = name.require(at, "name", "name: daily", self.problems);
            if let Some((mark, name)) = &name {
                self.check_name(*mark, name, "name");
                seen.check(*mark, name, "another name", self.problems);
            }
            let per = per.require(at, "per", PER, self.problems);
            let calls = self.calls(calls, known);
            let limits = self.limits_of_budget(at, limit, window, limits);
            let on_exceeded = self.on_exceeded(on_exceeded, routes);
            let warn = self.warn(warn);
            let per_call = self.ceiling(per_call);
            let (Some((_, name)), Some((_, per))) = (name, per) else { continue };
            let grants = self.grants(grants, &per, &limits, known);
            if shared {
                self.check_exact(&limits, &grants);
            }
            budgets.push(Arc::new(Budget {
                name,
                calls,
                per,
                limits: limits.into_iter().map(|(_, limit)| limit).collect(),
                cached_tokens: cached_tokens.or(Switch(true)).0,
                on_exceeded,
                warn,
                per_call,
                grants,
                unknown_price: unknown_price.or(UnknownPrice::Refuse),
            }));
        }
        budgets
    }

    /// Which calls count.
    fn calls(&mut self, raw: Field<RawCalls>, known: &Known) -> Calls {
        let Some(raw) = raw.value() else { return Calls::default() };
        let RawCalls {
            gateway,
            caller,
            group,
            namespace,
            service_account,
            labels,
            route,
            backend,
            provider,
            model,
        } = raw;
        let plain = [
            (Dimension::Gateway, gateway),
            (Dimension::Caller, caller),
            (Dimension::Group, group),
            (Dimension::Namespace, namespace),
            (Dimension::ServiceAccount, service_account),
            (Dimension::Route, route),
            (Dimension::Backend, backend),
            (Dimension::Provider, provider),
            (Dimension::Model, model),
        ];
        self.chosen(plain, labels, known)
    }

    /// The calls that are so in each of these dimensions that is given.
    pub(super) fn chosen(
        &mut self,
        plain: impl IntoIterator<Item = (Dimension, Field<Texts>)>,
        labels: Field<Named<Texts>>,
        known: &Known,
    ) -> Calls {
        let labels = labels.value().unwrap_or_default().into_iter();
        let labels = labels.map(|(_, name, values)| (Dimension::Label(name), values));
        let mut chosen = Vec::new();
        for (dimension, values) in plain.into_iter().chain(labels) {
            let Some(Texts(values)) = values.value() else { continue };
            let values = values.into_iter().filter_map(Field::given);
            let values = values.map(|(mark, value)| {
                self.check_known(mark, &dimension, &value, known);
                value
            });
            let values = values.collect();
            chosen.push((dimension, values));
        }
        Calls(chosen)
    }

    /// The one limit of a budget, or its list of them.
    fn limits_of_budget(
        &mut self,
        at: Mark,
        limit: Field<Quantity>,
        window: Field<Window>,
        limits: Field<List<RawLimit>>,
    ) -> Vec<(Mark, Limit)> {
        let (mark, list) = match limits {
            Field::Absent => return self.limit(at, limit, window).into_iter().collect(),
            Field::Wrong => return Vec::new(),
            Field::Given(mark, list) => (mark, list),
        };
        if !matches!((limit, window), (Field::Absent, Field::Absent)) {
            let what = "`limits` lists the limits, and another stands beside it";
            self.problems.add(mark, what, "`limit` and `window`, or `limits`");
        }
        if list.is_empty() {
            let remedy = "limits: [{ limit: 10 USD, window: day }]";
            self.problems.add(mark, "`limits` is empty", remedy);
        }
        let mut seen = Seen::new("the limit on");
        let mut limits = Vec::new();
        for (at, RawLimit { limit, window }) in list.into_iter().filter_map(Field::given) {
            let Some((mark, limit)) = self.limit(at, limit, window) else { continue };
            let of = format!("{} per {}", unit(limit.quantity), limit.window);
            seen.check(mark, &of, "one of them", self.problems);
            limits.push((mark, limit));
        }
        limits
    }

    fn limit(
        &mut self,
        at: Mark,
        limit: Field<Quantity>,
        window: Field<Window>,
    ) -> Option<(Mark, Limit)> {
        let limit = limit.require(at, "limit", "limit: 10 USD", self.problems);
        let window = match (&limit, window) {
            (Some((_, Quantity::Concurrent(_))), window) => {
                if let Field::Given(mark, _) = window {
                    let what = "calls under way at once are not counted by a `window`";
                    self.problems.add(mark, what, "the limit without it");
                }
                Window::Always
            }
            (_, window) => {
                let (mark, window) = window.require(at, "window", "window: day", self.problems)?;
                if window == Window::Always {
                    let what = "such a limit would be used up once and for all";
                    self.problems.add(mark, what, "window: month");
                }
                window
            }
        };
        let (mark, quantity) = limit?;
        Some((mark, Limit { quantity, window }))
    }

    /// What becomes of a call that does not fit: another model may only take over if it is served.
    fn on_exceeded(&mut self, raw: Field<Chosen<OnExceeded>>, routes: &[Arc<Route>]) -> OnExceeded {
        let Some((mark, Chosen(on_exceeded))) = raw.given() else { return OnExceeded::default() };
        if let OnExceeded::Downgrade(model) = &on_exceeded {
            self.check_model(mark, model, false);
            let mut patterns = routes.iter().flat_map(|route| &route.models);
            if !model.contains('*') && !patterns.any(|pattern| matches(pattern, model)) {
                let what = format!("no route serves the model `{model}`");
                self.problems.add(mark, what, "a model that can be asked for");
            }
        }
        on_exceeded
    }

    fn warn(&mut self, raw: Field<List<Percent>>) -> Vec<Percent> {
        let mut seen = Seen::new("the threshold");
        let mut warn = Vec::new();
        for (mark, share) in self.entries(raw, "warn", "warn: [80%, 100%]", None) {
            seen.check(mark, &format!("{}%", share.0), "it once", self.problems);
            warn.push(share);
        }
        warn.sort();
        warn
    }

    fn ceiling(&mut self, raw: Field<RawCeiling>) -> Ceiling {
        let Some((mark, raw)) = raw.given() else { return Ceiling::default() };
        if let RawCeiling { cost: Field::Absent, tokens: Field::Absent } = raw {
            self.problems.add(mark, "`per_call` is empty", "{ cost: 1 USD, tokens: 200000 }");
        }
        let RawCeiling { cost, tokens } = raw;
        Ceiling { cost: cost.value(), tokens: tokens.value().map(|Tokens(count)| count) }
    }

    fn grants(
        &mut self,
        raw: Field<List<RawGrant>>,
        per: &Scope,
        limits: &[(Mark, Limit)],
        known: &Known,
    ) -> Vec<Grant> {
        let remedy = "grants: [{ amount: 50 USD, until: 2026-12-31 }]";
        let mut grants = Vec::new();
        for (at, RawGrant { of, amount, until }) in self.entries(raw, "grants", remedy, None) {
            let of = of.given().map(|(mark, of)| {
                self.check_counter(mark, &of, per, known);
                of
            });
            let amount = amount.require(at, "amount", "amount: 50 USD", self.problems);
            let until = until.require(at, "until", "until: 2026-12-31", self.problems);
            let Some((mark, quantity)) = amount else { continue };
            let same = |(_, limit): &(Mark, Limit)| limit.quantity.unit() == quantity.unit();
            if !limits.is_empty() && !limits.iter().any(same) {
                let what = format!("this budget has no limit on {}", unit(quantity));
                self.problems.add(mark, what, "an amount in the unit of one of its limits");
            }
            if let Some((_, Until(until))) = until {
                grants.push(Grant { of, quantity, until });
            }
        }
        grants
    }

    /// The counter that a grant is for must be one of the budget's.
    fn check_counter(&mut self, mark: Mark, of: &str, per: &Scope, known: &Known) {
        let dimensions = per.dimensions();
        if dimensions.is_empty() {
            let what = "the budget has a single counter, `per: total`";
            return self.problems.add(mark, what, "the grant without `of`");
        }
        let values: Vec<&str> = of.split(',').collect();
        if values.len() != dimensions.len() || of.contains('*') {
            let names: Vec<String> = dimensions.iter().map(|d| format!("<{d}>")).collect();
            let what = format!("`of` is `{of}`, which is none of the counters");
            return self.problems.add(mark, what, format!("of: {}", names.join(",")));
        }
        for (dimension, value) in dimensions.iter().zip(values) {
            // Some are written with escapes; see `Scope::of`.
            if !value.contains('%') {
                self.check_known(mark, dimension, value, known);
            }
        }
    }

    fn check_exact(&mut self, limits: &[(Mark, Limit)], grants: &[Grant]) {
        for (mark, Limit { quantity, .. }) in limits {
            let same = grants.iter().filter(|grant| grant.quantity.unit() == quantity.unit());
            let granted = same.map(|grant| grant.quantity.count());
            let most = granted.fold(quantity.count(), u64::saturating_add);
            if most > EXACT {
                let what = "this is more than the store of the replicas counts exactly";
                let most = quantity.with(EXACT);
                self.problems.add(*mark, what, format!("at most {most}, grants included"));
            }
        }
    }
}

/// What to write for `per`.
pub(super) const PER: &str = "per: caller, or another dimension, or [caller, model], or total";

fn unit(quantity: Quantity) -> String {
    quantity.unit().replace('_', " ")
}
