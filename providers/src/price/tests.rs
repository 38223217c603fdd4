#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::PathBuf;

use genai_prices::{ErrorKind, ExtractRequest, PriceRequest, UsageKey};
use proptest::prelude::*;

use super::*;

/// The day this was written; prices of that day are compared with prices of that day.
fn today() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_795_219_200)
}

const SELLERS: [(Schema, &str, &str); 3] = [
    (Schema::Chat, "api.openai.com", "openai"),
    (Schema::Claude, "api.anthropic.com", "anthropic"),
    (Schema::Gemini, "generativelanguage.googleapis.com", "google"),
];

fn seller(schema: Schema) -> Seller<'static> {
    let (_, host, _) = SELLERS.into_iter().find(|(found, ..)| *found == schema).unwrap();
    Seller { provider: None, host, schema }
}

fn book() -> PriceBook {
    PriceBook::new(vec![]).unwrap()
}

/// What the catalogue itself makes of a usage, in dollars.
fn catalogue_dollars(provider: &str, model: &str, usage: &Usage) -> genai_prices::Result<f64> {
    let float = |tokens: u64| tokens as f64;
    let mut counts = genai_prices::Usage::from([
        (UsageKey::INPUT_TOKENS, float(usage.input + usage.cache_read + usage.cache_write)),
        (UsageKey::CACHE_READ_TOKENS, float(usage.cache_read)),
        (UsageKey::CACHE_WRITE_TOKENS, float(usage.cache_write)),
        (UsageKey::CACHE_WRITE_1H_TOKENS, float(usage.cache_write_1h)),
        (UsageKey::OUTPUT_TOKENS, float(usage.output + usage.reasoning)),
        (UsageKey::OUTPUT_REASONING_TOKENS, float(usage.reasoning)),
        (UsageKey::OUTPUT_AUDIO_TOKENS, float(usage.audio_output)),
        (UsageKey::INPUT_AUDIO_TOKENS, float(usage.audio_input)),
    ]);
    if usage.audio_input > 0 {
        let cached = usage.audio_input.saturating_sub(usage.input);
        counts.insert(UsageKey::CACHE_AUDIO_READ_TOKENS, float(cached));
    }
    let request =
        PriceRequest::new(model, &counts).with_provider_id(provider).with_timestamp(today());
    Ok(Calculator::bundled().calculate(&request)?.total_price)
}

/// Equal to a nanodollar, and never less.
fn assert_same(cost: u64, dollars: f64, what: &str) {
    let nano = dollars * 1e9;
    let cost = cost as f64;
    assert!((cost - nano) > -1e-3 - nano * 1e-12, "{what}: {cost} is less than {nano}");
    assert!((cost - nano) < 1.0 + nano * 1e-12, "{what}: {cost} is more than {nano}");
}

fn usages() -> Vec<Usage> {
    let mut usages = vec![
        Usage::default(),
        Usage { input: 1, ..Usage::default() },
        Usage { output: 1, ..Usage::default() },
        Usage { input: 12, output: 345, reasoning: 67, ..Usage::default() },
        Usage { input: 3, cache_read: 1_917, output: 21, ..Usage::default() },
        Usage {
            input: 9,
            cache_write: 4_001,
            cache_write_1h: 1_999,
            output: 7,
            ..Usage::default()
        },
        Usage { input: 1_000, audio_input: 600, output: 90, audio_output: 41, ..Usage::default() },
        Usage { input: 100, cache_read: 900, audio_input: 300, output: 5, ..Usage::default() },
    ];
    // Around every place where some price list has a tier begin.
    for edge in [32_000, 100_000, 128_000, 200_000, 256_000, 272_000, 512_000, 524_288, 1_048_576] {
        for input in edge - 1..=edge + 1 {
            usages.push(Usage { input, output: 1_234, ..Usage::default() });
            usages.push(Usage {
                input: input - 30_000,
                cache_read: 20_000,
                cache_write: 10_000,
                cache_write_1h: 4_000,
                output: 77,
                reasoning: 1_003,
                ..Usage::default()
            });
        }
    }
    usages
}

#[test]
fn every_model_costs_what_the_catalogue_says() {
    let (book, usages) = (book(), usages());
    let (mut sold, mut unsold) = (0, Vec::new());
    for (schema, _, id) in SELLERS {
        let provider = Calculator::bundled().find_provider(Some(id), None).unwrap().unwrap();
        for model in provider.models() {
            let Some(price) = book.price(seller(schema), model.id(), today()) else {
                unsold.push(format!("{id}/{}", model.id()));
                continue;
            };
            sold += 1;
            for usage in &usages {
                let dollars = catalogue_dollars(id, model.id(), usage).unwrap();
                assert_same(price.cost(usage), dollars, &format!("{id}/{} {usage:?}", model.id()));
            }
        }
    }
    eprintln!("{sold} models with a price, {} without: {unsold:?}", unsold.len());
    assert!(sold > 100);
    // Without a price are only those that give no tokens or have no price in the catalogue.
    assert!(unsold.len() <= 20, "{unsold:?}");
    for known in ["claude-opus-4-6", "gpt-5", "gpt-4.1", "gpt-4o", "gemini-2.5-pro", "o3"] {
        assert!(!unsold.iter().any(|model| model.ends_with(&format!("/{known}"))), "{known}");
    }
}

#[test]
fn tiers_are_found_where_they_begin() {
    let price = book().price(seller(Schema::Claude), "claude-haiku-5-5", today()).unwrap();
    let starts: Vec<u64> = price.tiers.iter().map(|tier| tier.from).collect();
    assert_eq!(starts, [0, 100_001]);
    let many = Seller { provider: Some("openrouter"), ..seller(Schema::Chat) };
    let model = Calculator::bundled().find_provider(Some("openrouter"), None).unwrap().unwrap();
    let tiers = |id| book().price(many, id, today()).map_or(0, |price| price.tiers.len());
    assert!(model.models().any(|model| model.id().starts_with("qwen") && tiers(model.id()) == 3));
}

#[test]
fn a_price_that_nobody_knows_is_not_zero() {
    let book = book();
    for (schema, model) in [
        (Schema::Chat, "no-such-model"),
        (Schema::Chat, "whisper-1"),
        (Schema::Chat, "tts-1"),
        (Schema::Chat, "text-embedding-3-small"),
        (Schema::Chat, ""),
        // The catalogue lists it, without a price.
        (Schema::Gemini, "gemma-3"),
    ] {
        assert_eq!(book.price(seller(schema), model, today()), None, "{model}");
    }
    let nowhere = Seller { provider: Some("no-such-provider"), ..seller(Schema::Chat) };
    assert_eq!(book.price(nowhere, "gpt-5", today()), None);
    let groq = Seller { host: "api.groq.com", ..seller(Schema::Chat) };
    assert_eq!(book.price(groq, "gpt-5", today()), None);
}

#[test]
fn a_private_host_costs_what_its_provider_does() {
    let book = book();
    let private = Seller { host: "llm.bank.internal:8443", ..seller(Schema::Chat) };
    let public = book.price(seller(Schema::Chat), "gpt-5", today());
    assert!(public.is_some());
    assert_eq!(book.price(private, "gpt-5", today()), public);
    assert_eq!(
        book.price(seller(Schema::Gemini), "models/gemini-2.5-pro", today()),
        book.price(seller(Schema::Gemini), "gemini-2.5-pro", today())
    );
}

#[test]
fn prices_change_with_the_date_and_say_until_when_they_hold() {
    let book = book();
    let price = |at| book.price(seller(Schema::Gemini), "gemini-4-argon", at).unwrap();
    let december = UNIX_EPOCH + Duration::from_secs(1_796_083_200);
    assert_ne!(price(today()).tiers, price(december).tiers);
    let until = price(today() + Duration::from_secs(1)).until().unwrap();
    assert_eq!(until, today() + Duration::from_secs(900));
}

fn own(model: &str, input: &str, output: &str) -> OperatorPrice {
    let (input, output) = (input.to_owned(), output.to_owned());
    OperatorPrice { model: model.to_owned(), input, output, ..OperatorPrice::default() }
}

#[test]
fn an_operators_price_goes_first_and_the_most_specific_of_them() {
    let book = PriceBook::new(vec![
        own("*", "9", "9"),
        own("local-*", "0", "0"),
        OperatorPrice {
            cache_read: Some("0.5".into()),
            cache_write: Some("2.25".into()),
            ..own("gpt-5", "1", "10.000000001")
        },
    ])
    .unwrap();
    let cost =
        |model: &str, usage| book.price(seller(Schema::Chat), model, today()).unwrap().cost(&usage);
    let million = 1_000_000;
    let all = Usage {
        input: million,
        cache_read: million,
        cache_write: million,
        output: million,
        ..Usage::default()
    };
    // 1 + 0.5 + 2.25 + 10.000000001 dollars
    assert_eq!(cost("GPT-5", all), 13_750_000_001);
    assert_eq!(cost("unheard-of", Usage { output: 1, ..Usage::default() }), 9_000);
    // Zero is a price, too.
    assert_eq!(cost("local-llama", all), 0);
    // A part of a nanodollar is one.
    let tiny = PriceBook::new(vec![own("*", "0.000000001", "0")]).unwrap();
    let price = tiny.price(seller(Schema::Chat), "m", today()).unwrap();
    assert_eq!(price.cost(&Usage { input: 1, ..Usage::default() }), 1);
    assert_eq!(price.until(), None);
}

#[test]
fn an_amount_that_is_none_is_refused() {
    for amount in
        ["", "-1", "1e3", "1.", ".5", "0.0000000001", "1,5", "$1", " 1", "1000000000", "NaN", "٣"]
    {
        let error = PriceBook::new(vec![own("m", amount, "1")]).unwrap_err();
        assert_eq!((error.field, &*error.amount), ("input", amount));
        assert!(error.to_string().contains("like 0.075"));
    }
}

#[test]
fn recorded_calls_cost_what_the_catalogue_says() {
    let shared = std::env::var_os("EGRET_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared")),
        PathBuf::from,
    );
    let corpus = shared.join("corpus");
    if !corpus.is_dir() {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "no recordings at {corpus:?}");
        eprintln!("SKIPPED: no recordings at {corpus:?}; set EGRET_SHARED");
        return;
    }
    let book = book();
    let mut compared = 0;
    for (schema, kind, flavor) in [
        (Schema::Chat, "openai_chat", "chat"),
        (Schema::Claude, "anthropic", "default"),
        (Schema::Gemini, "gemini", "default"),
    ] {
        for file in std::fs::read_dir(corpus.join(kind).join("json")).unwrap() {
            let path = file.unwrap().path();
            if !path.to_string_lossy().ends_with(".response.json") {
                continue;
            }
            let body = std::fs::read(&path).unwrap();
            let (_, _, provider) = SELLERS.into_iter().find(|(s, ..)| *s == schema).unwrap();
            let request =
                ExtractRequest::new(&body).with_provider_id(provider).with_api_flavor(flavor);
            let Ok(mut found) = Calculator::bundled().extract_provider_usage(&request) else {
                continue;
            };
            let Some(model) = &found.model_ref else { continue };
            let Some(price) = book.price(seller(schema), model, today()) else { continue };
            // Tools that the provider runs are no tokens.
            found.usage.remove(UsageKey::WEB_SEARCHES);
            let request = PriceRequest::new(model, &found.usage)
                .with_provider_id(provider)
                .with_timestamp(today());
            let dollars = Calculator::bundled().calculate(&request).unwrap().total_price;
            let usage = from_catalogue(&found.usage);
            assert_same(price.cost(&usage), dollars, &path.display().to_string());
            compared += 1;
        }
    }
    eprintln!("{compared} recordings compared");
    assert!(compared > 50, "only {compared}");
}

fn from_catalogue(counts: &genai_prices::Usage) -> Usage {
    let count = |key: UsageKey| counts.get(key.as_str()).unwrap_or(0.0) as u64;
    let (read, write) = (count(UsageKey::CACHE_READ_TOKENS), count(UsageKey::CACHE_WRITE_TOKENS));
    Usage {
        input: count(UsageKey::INPUT_TOKENS) - read - write,
        cache_read: read,
        cache_write: write,
        cache_write_1h: count(UsageKey::CACHE_WRITE_1H_TOKENS),
        output: count(UsageKey::OUTPUT_TOKENS) - count(UsageKey::OUTPUT_REASONING_TOKENS),
        reasoning: count(UsageKey::OUTPUT_REASONING_TOKENS),
        audio_input: count(UsageKey::INPUT_AUDIO_TOKENS),
        audio_output: count(UsageKey::OUTPUT_AUDIO_TOKENS),
    }
}

#[test]
fn the_catalogue_still_refuses_a_part_without_its_whole() {
    // `Survey::sells` leans on it.
    let usage = genai_prices::Usage::from([(UsageKey::CACHE_READ_TOKENS, 1.0)]);
    let ask = |model| Calculator::bundled().calculate(&PriceRequest::new(model, &usage));
    assert_eq!(ask("gpt-5").unwrap_err().kind(), ErrorKind::InvalidUsage);
    assert!(ask("whisper-1").is_ok());
}

proptest! {
    #[test]
    fn cost_never_falls_and_never_panics(
        counts in proptest::array::uniform8(any::<u64>()), small in proptest::array::uniform8(0..1_000_000_u64),
    ) {
        let price = PriceBook::new(vec![own("m", "999999999", "3.5")]).unwrap()
            .price(seller(Schema::Chat), "m", today()).unwrap();
        let usage = |[input, cache_read, cache_write, cache_write_1h, output, reasoning, audio_input, audio_output]: [u64; 8]| {
            Usage { input, cache_read, cache_write, cache_write_1h, output, reasoning, audio_input, audio_output }
        };
        let less = price.cost(&usage(small));
        price.cost(&usage(counts));
        let more = price.cost(&usage(small.map(|count| count + 1)));
        prop_assert!(more > less);
        prop_assert_eq!(price.cost(&usage([u64::MAX; 8])), u64::MAX);
    }
}
