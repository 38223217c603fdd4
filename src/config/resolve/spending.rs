//! Rates and prices.

use std::sync::Arc;

use providers::price::{OperatorPrice, PriceBook};

use super::budget::PER;
use super::{Resolver, Seen};
use crate::budget::rate::RateLimit;
use crate::config::decode::{Field, List};
use crate::config::money::Price;
use crate::config::problem::Mark;
use crate::config::raw::{RawPrice, RawRate};
use crate::config::value::Switch;
use crate::snapshot::Rate;

impl Resolver<'_> {
    pub(super) fn rates(&mut self, raw: Field<List<RawRate>>) -> Vec<Arc<Rate>> {
        let remedy = "rates: [{ name: burst, per: caller, limit: 100 requests, window: minute }]";
        let mut seen = Seen::new("the rate");
        let mut rates = Vec::new();
        for (at, raw) in self.entries(raw, "rates", remedy, None) {
            let RawRate { name, per, limit, window } = raw;
            let name = name.require(at, "name", "name: burst", self.problems);
            if let Some((mark, name)) = &name {
                self.check_name(*mark, name, "name");
                seen.check(*mark, name, "another name", self.problems);
            }
            let per = per.require(at, "per", PER, self.problems);
            let limit = limit.require(at, "limit", "limit: 100 requests", self.problems);
            let window = window.require(at, "window", "window: minute", self.problems);
            if let (Some((_, name)), Some((_, per)), Some((_, limit)), Some((_, window))) =
                (name, per, limit, window)
            {
                let limit = RateLimit { requests: limit.0, per: window };
                rates.push(Arc::new(Rate { name, per, limit }));
            }
        }
        rates
    }

    pub(super) fn prices(&mut self, raw: Field<List<RawPrice>>, top: Mark) -> PriceBook {
        let remedy = "prices: [{ model: my-model, input: 0.50, output: 2.00 }]";
        let mut seen = Seen::new("the price of");
        let mut prices = Vec::new();
        for (at, raw) in self.entries(raw, "prices", remedy, None) {
            let RawPrice {
                model,
                input,
                output,
                cache_read,
                cache_write,
                web_search,
                file_search,
                code_session,
                image,
                assume,
            } = raw;
            let model = model.require(at, "model", "model: my-model", self.problems);
            if let Some((mark, model)) = &model {
                self.check_model(*mark, model, true);
                seen.check(*mark, model, "it once", self.problems);
            }
            let input = input.require(at, "input", "input: 0.50", self.problems);
            let output = output.require(at, "output", "output: 2.00", self.problems);
            if let (Some((_, model)), Some((_, input)), Some((_, output))) = (model, input, output)
            {
                let text = |price: Field<Price>| price.value().map(|Price(text)| text);
                prices.push(OperatorPrice {
                    model,
                    input: input.0,
                    output: output.0,
                    cache_read: text(cache_read),
                    cache_write: text(cache_write),
                    assume: assume.or(Switch(false)).0,
                    web_search: text(web_search),
                    file_search: text(file_search),
                    code_session: text(code_session),
                    image: text(image),
                });
            }
        }
        PriceBook::new(prices).unwrap_or_else(|error| {
            self.problems.add(top, error.to_string(), remedy);
            PriceBook::default()
        })
    }
}
