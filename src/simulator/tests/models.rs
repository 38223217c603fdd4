use genai_prices::{PriceRequest, Usage, UsageKey};

use super::super::Provider;

/// A model without a price is refused by a gateway with a budget, so the listed ones have one.
#[test]
fn every_listed_model_has_a_price() {
    let usage = Usage::from([(UsageKey::INPUT_TOKENS, 1000.0), (UsageKey::OUTPUT_TOKENS, 1000.0)]);
    for (provider, id) in Provider::ALL.into_iter().zip(["openai", "anthropic", "google"]) {
        for model in provider.models() {
            let request = PriceRequest::new(model, &usage).with_provider_id(id);
            let price = genai_prices::calculate(&request).unwrap();
            assert!(price.total_price > 0.0, "{model}");
        }
    }
}
