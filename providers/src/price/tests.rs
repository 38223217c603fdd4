#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::PathBuf;

use genai_prices::{ErrorKind, ExtractRequest, PriceRequest, UsageKey};
use proptest::prelude::*;

use super::*;
use crate::conversation::{Served, ToolCalls};

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
        (UsageKey::INPUT_IMAGE_TOKENS, float(usage.image_input)),
        (UsageKey::INPUT_VIDEO_TOKENS, float(usage.video_input)),
        (UsageKey::OUTPUT_IMAGE_TOKENS, float(usage.image_output)),
        (UsageKey::OUTPUT_VIDEO_TOKENS, float(usage.video_output)),
        (UsageKey::WEB_SEARCHES, float(usage.calls.web_searches)),
        (UsageKey::STORAGE_SEARCHES, float(usage.calls.file_searches)),
    ]);
    // Nobody tells which images were cached: none of them.
    for key in [UsageKey::CACHE_IMAGE_READ_TOKENS, UsageKey::CACHE_IMAGE_WRITE_TOKENS] {
        counts.insert(key, 0.0);
    }
    if usage.audio_input > 0 {
        let cached = usage.audio_input.saturating_sub(usage.input);
        counts.insert(UsageKey::CACHE_AUDIO_READ_TOKENS, float(cached));
    }
    let request = PriceRequest::new(model, &counts)
        .with_provider_id(provider)
        .with_timestamp(today())
        .with_price_context(
            "service_tier",
            match usage.served.tier {
                ServiceTier::Flex => "flex",
                ServiceTier::Priority => "priority",
                _ => "default",
            },
        );
    // What it does not know of: models that search in every call.
    let searching = Charges::new(Some(provider), model).request() as f64 / 1e15;
    Ok(Calculator::bundled().calculate(&request)?.total_price + searching)
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
        Usage { input: 30, output: 90, audio_output: 90, ..Usage::default() },
        Usage { input: 30, output: 1_290, image_output: 1_290, ..Usage::default() },
        Usage { cache_write: 4_001, cache_write_1h: 4_001, output: 7, ..Usage::default() },
        Usage { input: 100, cache_read: 900, audio_input: 300, output: 5, ..Usage::default() },
        Usage {
            input: 1_000,
            audio_input: 100,
            image_input: 258,
            video_input: 300,
            output: 2_000,
            image_output: 1_290,
            video_output: 100,
            ..Usage::default()
        },
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
    let (mut sold, mut unsold, mut served_otherwise) = (0, Vec::new(), 0);
    for (schema, _, id) in SELLERS {
        let provider = Calculator::bundled().find_provider(Some(id), None).unwrap().unwrap();
        for model in provider.models() {
            let Some(price) = book.price(seller(schema), model.id(), today()) else {
                unsold.push(format!("{id}/{}", model.id()));
                continue;
            };
            sold += 1;
            for usage in &usages {
                // What has no output price is not asked for any.
                if !price.generates() && usage.total_output() > 0 {
                    continue;
                }
                let dollars = catalogue_dollars(id, model.id(), usage).unwrap();
                assert_same(price.cost(usage), dollars, &format!("{id}/{} {usage:?}", model.id()));
                // Media in the input are of many more bytes than tokens: not part of the most.
                if usage.audio_input + usage.image_input + usage.video_input == 0 {
                    let most = price.most(usage, usage.cache_write_1h > 0);
                    assert!(price.cost(usage) <= most, "{id}/{} {usage:?} {most}", model.id());
                }
                for tier in [ServiceTier::Flex, ServiceTier::Priority] {
                    let known = match tier {
                        ServiceTier::Flex => &price.flex,
                        _ => &price.priority,
                    };
                    let served = Served { tier, ..Served::default() };
                    let usage = Usage { served, ..*usage };
                    let dollars = catalogue_dollars(id, model.id(), &usage).unwrap();
                    let what = format!("{id}/{} {usage:?}", model.id());
                    if known.is_some() {
                        assert_same(price.cost(&usage), dollars, &what);
                        served_otherwise += 1;
                    } else {
                        // Never less than it says.
                        assert!(price.cost(&usage) as f64 >= dollars * 1e9 - 1e-3, "{what}");
                    }
                }
            }
        }
    }
    eprintln!("{sold} models with a price, {} without: {unsold:?}", unsold.len());
    assert!(sold > 100);
    assert!(served_otherwise > 1000, "{served_otherwise}");
    // Without a price are only those that give no tokens or have no price in the catalogue.
    assert!(unsold.len() <= 20, "{unsold:?}");
    for known in ["claude-opus-4-6", "gpt-5", "gpt-4.1", "gpt-4o", "gemini-2.5-pro", "o3"] {
        assert!(!unsold.iter().any(|model| model.ends_with(&format!("/{known}"))), "{known}");
    }
}

#[test]
fn tiers_are_found_where_they_begin() {
    let price = book().price(seller(Schema::Claude), "claude-haiku-5-5", today()).unwrap();
    let starts: Vec<u64> = price.standard.iter().map(|tier| tier.from).collect();
    assert_eq!(starts, [0, 100_001]);
    let many = Seller { provider: Some("openrouter"), ..seller(Schema::Chat) };
    let model = Calculator::bundled().find_provider(Some("openrouter"), None).unwrap().unwrap();
    let tiers = |id| book().price(many, id, today()).map_or(0, |price| price.standard.len());
    assert!(model.models().any(|model| model.id().starts_with("qwen") && tiers(model.id()) == 3));
}

#[test]
fn a_price_that_nobody_knows_is_not_zero() {
    let book = book();
    for (schema, model) in [
        (Schema::Chat, "no-such-model"),
        (Schema::Chat, "whisper-1"),
        (Schema::Chat, "tts-1"),
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
    assert_ne!(price(today()).standard, price(december).standard);
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
fn a_model_without_an_output_price_embeds() {
    let price = |schema, model| book().price(seller(schema), model, today()).unwrap();
    let small = price(Schema::Chat, "text-embedding-3-small");
    assert_eq!(small.cost(&Usage { input: 1_000_000, ..Usage::default() }), 20_000_000);
    assert!(!small.generates());
    // No budget lets pass what nobody knows the price of.
    assert!(small.cost(&Usage { input: 1, output: 1, ..Usage::default() }) >= 1_000_000_000);
    let gemini = price(Schema::Gemini, "gemini-embedding-001");
    assert_eq!(gemini.cost(&Usage { input: 1_000_000, ..Usage::default() }), 150_000_000);
    assert!(price(Schema::Chat, "gpt-5").generates());
}

#[test]
fn tools_cost_by_the_call() {
    let cost = |schema, model: &str, calls| {
        let usage = Usage { calls, ..Usage::default() };
        book().price(seller(schema), model, today()).unwrap().cost(&usage)
    };
    let web = |web_searches| ToolCalls { web_searches, ..ToolCalls::default() };
    assert_eq!(cost(Schema::Claude, "claude-sonnet-4-5", web(3)), 30_000_000);
    assert_eq!(cost(Schema::Chat, "gpt-5", web(2)), 20_000_000);
    // Gemini 3 bills each query, what came before it each prompt.
    assert_eq!(cost(Schema::Gemini, "gemini-3.1-pro-preview", web(2)), 28_000_000);
    assert_eq!(cost(Schema::Gemini, "gemini-2.5-flash", web(2)), 35_000_000);
    let files = ToolCalls { file_searches: 2, code_sessions: 1, ..ToolCalls::default() };
    assert_eq!(cost(Schema::Chat, "gpt-5", files), 5_000_000 + 30_000_000);
    let images = ToolCalls { images: 1, ..ToolCalls::default() };
    assert_eq!(cost(Schema::Chat, "gpt-5", images), 250_000_000);
    // What is free at one provider is free with it alone.
    assert_eq!(
        cost(Schema::Claude, "claude-sonnet-4-5", ToolCalls { images: 0, ..files }),
        5_000_000
    );
    let book = PriceBook::new(vec![OperatorPrice {
        web_search: Some("8.5".into()),
        ..own("gpt-5", "1", "1")
    }])
    .unwrap();
    let price = book.price(seller(Schema::Chat), "gpt-5", today()).unwrap();
    let calls = ToolCalls { web_searches: 2, file_searches: 1, ..ToolCalls::default() };
    let usage = Usage { calls, ..Usage::default() };
    assert_eq!(price.cost(&usage), 17_000_000 + 2_500_000);
}

/// An operator who knows what tokens cost says nothing of what each call does.
#[test]
fn what_a_provider_charges_for_each_call_is_due_with_an_operators_price_too() {
    let operators = PriceBook::new(vec![own("*", "1", "2")]).unwrap();
    for (host, model, fee) in [
        ("api.openai.com", "gpt-4o-search-preview", 25_000_000),
        ("api.perplexity.ai", "sonar", 12_000_000),
        ("api.openai.com", "gpt-4o", 0),
    ] {
        let seller = Seller { provider: None, host, schema: Schema::Chat };
        for book in [&book(), &operators] {
            let price = book.price(seller, model, today()).unwrap();
            assert_eq!(price.cost(&Usage::default()), fee, "{model}");
        }
        let usage = Usage { output: 1_000_000, ..Usage::default() };
        let price = operators.price(seller, model, today()).unwrap();
        assert_eq!(price.cost(&usage), 2_000_000_000 + fee, "{model}");
    }
}

#[test]
fn how_a_call_is_served_changes_the_price_of_its_tokens_alone() {
    let cost = |schema, model: &str, served| {
        let calls = ToolCalls { web_searches: 1, ..ToolCalls::default() };
        let usage = Usage { input: 1_000_000, calls, served, ..Usage::default() };
        let price = book().price(seller(schema), model, today()).unwrap();
        price.cost(&usage) - price.cost(&Usage { calls, served, ..Usage::default() })
    };
    let in_tier = |tier| Served { tier, ..Served::default() };
    let standard = Served::default();
    let (flex, priority) = (in_tier(ServiceTier::Flex), in_tier(ServiceTier::Priority));
    assert_eq!(cost(Schema::Chat, "gpt-5", standard), 1_250_000_000);
    assert_eq!(cost(Schema::Chat, "gpt-5", in_tier(ServiceTier::Standard)), 1_250_000_000);
    assert_eq!(cost(Schema::Chat, "gpt-5", flex), 625_000_000);
    assert_eq!(cost(Schema::Chat, "gpt-5", priority), 2_500_000_000);
    // A cheaper tier that the catalogue doesn't know is no cheaper, a dearer one is dearer.
    assert_eq!(cost(Schema::Gemini, "gemini-2.5-flash", flex), 300_000_000);
    assert_eq!(cost(Schema::Gemini, "gemini-2.5-flash", priority), 600_000_000);
    // Claude's is a capacity bought in advance.
    assert_eq!(cost(Schema::Claude, "claude-opus-5", priority), 5_000_000_000);
    let (fast, us_only) = (Served { fast: true, ..standard }, Served { us_only: true, ..standard });
    assert_eq!(cost(Schema::Claude, "claude-opus-5", fast), 10_000_000_000);
    assert_eq!(cost(Schema::Claude, "claude-opus-5", us_only), 5_500_000_000);
    let both = Served { fast: true, us_only: true, ..standard };
    assert_eq!(cost(Schema::Claude, "claude-opus-5", both), 11_000_000_000);
}

#[test]
fn an_assumed_price_holds_where_nobody_knows_another() {
    let assumed = |model: &str, input| OperatorPrice { assume: true, ..own(model, input, "9") };
    let book = PriceBook::new(vec![
        assumed("*", "10"),
        assumed("secret-*", "20"),
        own("secret-own", "1", "1"),
    ])
    .unwrap();
    let cost = |model: &str| {
        let price = book.price(seller(Schema::Chat), model, today()).unwrap();
        price.cost(&Usage { input: 1_000_000, ..Usage::default() })
    };
    assert_eq!(cost("unheard-of"), 10_000_000_000);
    assert_eq!(cost("secret-model"), 20_000_000_000);
    assert_eq!(cost("secret-own"), 1_000_000_000);
    assert_eq!(cost("gpt-5"), 1_250_000_000);
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
            let Ok(found) = Calculator::bundled().extract_provider_usage(&request) else {
                continue;
            };
            let Some(model) = &found.model_ref else { continue };
            let Some(price) = book.price(seller(schema), model, today()) else { continue };
            let request = PriceRequest::new(model, &found.usage)
                .with_provider_id(provider)
                .with_timestamp(today());
            let dollars = Calculator::bundled().calculate(&request).unwrap().total_price
                + Charges::new(Some(provider), model).request() as f64 / 1e15;
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
        image_input: count(UsageKey::INPUT_IMAGE_TOKENS),
        image_output: count(UsageKey::OUTPUT_IMAGE_TOKENS),
        video_input: count(UsageKey::INPUT_VIDEO_TOKENS),
        video_output: count(UsageKey::OUTPUT_VIDEO_TOKENS),
        calls: ToolCalls { web_searches: count(UsageKey::WEB_SEARCHES), ..ToolCalls::default() },
        ..Usage::default()
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

/// Any usage, with counts up to `most`.
fn any_usage(most: u64) -> impl Strategy<Value = Usage> {
    let counts = proptest::array::uniform16(0..=most);
    let tier = prop_oneof![
        Just(ServiceTier::Unsaid),
        Just(ServiceTier::Flex),
        Just(ServiceTier::Standard),
        Just(ServiceTier::Priority),
    ];
    (counts, tier, any::<bool>(), any::<bool>()).prop_map(|(n, tier, fast, us_only)| Usage {
        input: n[0],
        cache_read: n[1],
        cache_write: n[2],
        cache_write_1h: n[3],
        output: n[4],
        reasoning: n[5],
        audio_input: n[6],
        audio_output: n[7],
        image_input: n[8],
        image_output: n[9],
        video_input: n[10],
        video_output: n[11],
        calls: ToolCalls {
            web_searches: n[12],
            file_searches: n[13],
            code_sessions: n[14],
            images: n[15],
        },
        served: Served { tier, fast, us_only },
    })
}

/// What a usage costs by the operator's decimals, in nanodollars, as an exact fraction: tokens by
/// the million, calls by the thousand, and only the last step rounds up.
fn exactly(usage: &Usage, [input, output, read, write, search]: [u128; 5]) -> u128 {
    let wide = |n: u64| u128::from(n);
    // Amounts are billionths of a dollar: so are the nanodollars, of 1e6 tokens or 1000 calls.
    let tokens = wide(usage.input) * input
        + wide(usage.cache_read) * read
        + wide(usage.cache_write) * write
        + (wide(usage.output) + wide(usage.reasoning)) * output;
    let percent = |percent: u128, of: bool| if of { percent } else { 100 };
    let served = percent(250, usage.served.tier == ServiceTier::Priority)
        * percent(600, usage.served.fast)
        * percent(110, usage.served.us_only);
    let ToolCalls { web_searches, file_searches, code_sessions, images } = usage.calls;
    let calls = wide(web_searches) * search
        + wide(file_searches) * 2_500_000_000
        + wide(code_sessions) * 30_000_000_000
        + wide(images) * 250_000_000_000;
    // In millionths of a nanodollar of 100³ percent.
    (tokens * served + calls * 1_000 * 1_000_000).div_ceil(1_000_000 * 1_000_000)
}

proptest! {
    #[test]
    fn cost_is_exact_and_rounded_up_once(
        usage in any_usage(10_000_000),
        amounts in proptest::array::uniform5(0_u64..2_000_000_000_000),
    ) {
        let [input, output, read, write, search] =
            amounts.map(|nano| format!("{}.{:09}", nano / 1_000_000_000, nano % 1_000_000_000));
        let price = OperatorPrice {
            cache_read: Some(read),
            cache_write: Some(write),
            web_search: Some(search),
            ..own("m", &input, &output)
        };
        let price = PriceBook::new(vec![price]).unwrap();
        let price = price.price(seller(Schema::Chat), "m", today()).unwrap();
        let expected = exactly(&usage, amounts.map(u128::from));
        prop_assert_eq!(u128::from(price.cost(&usage)), expected);
    }

    #[test]
    fn cost_never_falls_and_never_panics(huge in any_usage(u64::MAX), small in any_usage(10_000)) {
        let price = PriceBook::new(vec![own("m", "999999999", "3.5")]).unwrap()
            .price(seller(Schema::Chat), "m", today()).unwrap();
        let less = price.cost(&small);
        price.cost(&huge);
        let more = price.cost(&Usage { input: small.input + 1, output: small.output + 1, ..small });
        prop_assert!(more > less);
        let most = Usage { input: u64::MAX, cache_read: u64::MAX, output: u64::MAX, ..huge };
        prop_assert_eq!(price.cost(&most), u64::MAX);
        let dearest = Served { tier: ServiceTier::Priority, fast: true, us_only: true };
        let dearest = price.cost(&Usage { served: dearest, ..small });
        prop_assert!(dearest >= less);
    }
}
