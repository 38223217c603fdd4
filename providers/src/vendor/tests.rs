#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod bodies;
mod places;

use super::*;
use crate::catalog::{ApiVersion, Capabilities};
use crate::conversation::ErrorClass;
use crate::corpus;

fn vendor(name: &str) -> &'static Vendor {
    Vendor::named(name).unwrap_or_else(|| panic!("no vendor {name}"))
}

#[test]
fn the_table_can_be_read() {
    let vendors = row::read(include_str!("../../catalog/vendors.toml")).unwrap();
    assert_eq!(vendors.len(), Vendor::all().len());
    for vendor in &vendors {
        let name = vendor.name();
        assert!(vendor.schemas().next().is_some(), "{name} serves nothing");
        assert!(!vendor.credential().stated().is_empty(), "{name} takes no credential");
        for offer in &vendor.offers {
            assert!(offer.has(Operation::Generate) && offer.has(Operation::Stream), "{name}");
            let versioned = offer.version(ApiVersion::V2026).is_some();
            assert_eq!(versioned, offer.schema() == Schema::Claude, "{name}");
        }
        for Elsewhere { parameter, url, .. } in &vendor.elsewhere {
            assert!(vendor.parameters().iter().any(|known| known.name == *parameter), "{name}");
            assert_eq!(url.holes().next(), None, "{name}");
        }
        for header in vendor.credential().key().iter().chain(vendor.credential().token()) {
            assert_eq!(header.name, header.name.to_ascii_lowercase());
            assert!(matches!(&*header.prefix, "" | "Bearer "), "{name}: {header:?}");
        }
    }
}

#[test]
fn the_catalogue_of_prices_knows_them_by_the_name_in_the_table() {
    let catalogue = genai_prices::Calculator::bundled();
    for vendor in Vendor::all() {
        let Some(name) = vendor.prices() else { continue };
        let found = catalogue.find_provider(Some(name), None).unwrap();
        assert_eq!(found.map(|provider| provider.id()), Some(name), "{}", vendor.name());
    }
    // A private host has no price list; anyone else's must not count instead.
    assert_eq!(vendor("compatible").prices(), None);
}

#[test]
fn every_schema_has_its_own_vendor() {
    for (schema, name) in [
        (Schema::Chat, "openai"),
        (Schema::Responses, "openai"),
        (Schema::Claude, "anthropic"),
        (Schema::Gemini, "gemini"),
    ] {
        let vendor = Vendor::of(schema).unwrap();
        assert_eq!(vendor.name(), name);
        assert!(vendor.offer(schema).is_some());
    }
    assert!(Vendor::named("nobody").is_none());
}

#[test]
fn each_vendor_is_shown_the_credential_in_its_own_way() {
    let shown = |headers: &[Header]| {
        let one = |header: &Header| format!("{}: {}", header.name, header.prefix);
        headers.iter().map(one).collect::<Vec<_>>().join("; ")
    };
    for (name, key, token, sigv4) in [
        ("openai", "authorization: Bearer ", "authorization: Bearer ", None),
        ("anthropic", "x-api-key: ", "authorization: Bearer ", None),
        ("gemini", "x-goog-api-key: ", "authorization: Bearer ", None),
        ("azure-openai", "api-key: ", "authorization: Bearer ", None),
        ("azure-openai-classic", "api-key: ", "authorization: Bearer ", None),
        ("vertex-gemini", "", "authorization: Bearer ", None),
        ("vertex-claude", "", "authorization: Bearer ", None),
        ("bedrock", "authorization: Bearer ", "", Some("bedrock-mantle")),
        ("bedrock-invoke", "authorization: Bearer ", "", Some("bedrock")),
        ("bedrock-openai", "authorization: Bearer ", "", Some("bedrock-mantle")),
        ("foundry-claude", "x-api-key: ; api-key: ", "authorization: Bearer ", None),
        ("groq", "authorization: Bearer ", "", None),
    ] {
        let credential = vendor(name).credential();
        assert_eq!(shown(credential.key()), key, "{name}");
        assert_eq!(shown(credential.token()), token, "{name}");
        assert_eq!(credential.sigv4(), sigv4, "{name}");
    }
    assert_eq!(shown(vendor("vertex-claude").credential().stated()), "authorization: Bearer ");
}

#[test]
fn anthropics_version_is_said_where_and_as_the_vendor_wants_it() {
    use ApiVersion::{V2023, V2026};
    for (name, wanted, place, text, real) in [
        ("anthropic", V2023, Place::Header, "2023-06-01", V2023),
        ("anthropic", V2026, Place::Header, "2026-10-21", V2026),
        ("foundry-claude", V2026, Place::Header, "2026-10-21", V2026),
        ("bedrock", V2023, Place::Header, "2023-06-01", V2023),
        ("vertex-claude", V2023, Place::Body, "vertex-2023-10-16", V2023),
        ("vertex-claude", V2026, Place::Body, "2026-10-21", V2026),
        ("bedrock-invoke", V2023, Place::Body, "bedrock-2023-05-31", V2023),
        ("bedrock-invoke", V2026, Place::Body, "bedrock-2023-05-31", V2023),
    ] {
        let offer = vendor(name).offer(Schema::Claude).unwrap();
        assert_eq!(offer.version(wanted), Some((place, text)), "{name}");
        assert_eq!(offer.nearest(wanted), Some(real), "{name}");
    }
    assert_eq!(vendor("openai").offer(Schema::Chat).unwrap().version(V2023), None);
}

#[test]
fn streams_are_framed_as_the_vendor_does() {
    for vendor in Vendor::all() {
        for offer in &vendor.offers {
            let wrapped = vendor.name() == "bedrock-invoke";
            let framing = offer.framing();
            assert_eq!(framing == Framing::EventStream, wrapped, "{}", vendor.name());
            assert_eq!(framing.unwrap_for(offer.schema()).is_some(), wrapped);
            assert_eq!(framing.accept().contains("amazon"), wrapped);
        }
    }
}

#[test]
fn headers_that_are_passed_hold_no_credential() {
    for offer in Vendor::all().iter().flat_map(|vendor| &vendor.offers) {
        for name in offer.passes().chain(offer.returns()) {
            assert_eq!(name, name.to_ascii_lowercase());
            for bad in ["authorization", "api-key", "cookie", "location", "goog-api", "forwarded"] {
                assert!(!name.contains(bad), "{name}");
            }
        }
    }
    let returns = |name, schema, header: &str| {
        vendor(name).offer(schema).unwrap().returns().any(|known| known == header)
    };
    assert!(returns("openai", Schema::Responses, "x-request-id"));
    assert!(returns("bedrock", Schema::Claude, "request-id"));
    assert!(returns("gemini", Schema::Gemini, "server-timing"));
    let passed: Vec<&str> = vendor("openai").offer(Schema::Chat).unwrap().passes().collect();
    assert_eq!(passed, ["openai-beta"]);
}

#[test]
fn bedrock_names_errors_in_a_header() {
    let body = br#"{"message":"Too many requests, please wait"}"#;
    let error = |name: &str, errortype: Option<&'static str>| {
        vendor(name).error(Schema::Claude, 400, body, |header| {
            errortype.filter(|_| header == "x-amzn-errortype")
        })
    };
    let throttled = error("bedrock-invoke", Some("ThrottlingException"));
    assert_eq!(throttled.class, ErrorClass::RateLimited);
    assert_eq!(throttled.message, "Too many requests, please wait");
    assert_eq!(error("bedrock-invoke", None).class, ErrorClass::BadRequest);
    assert_eq!(error("anthropic", Some("ThrottlingException")).class, ErrorClass::BadRequest);
}

#[test]
fn hosts_differ_from_openai_in_what_the_table_says() {
    let own = Quirks::default();
    assert_eq!(*vendor("openai").quirks(), own);
    assert!(vendor("azure-openai").quirks().chunks_without_choices);
    let groq = vendor("groq").quirks();
    assert!(groq.x_groq_usage && groq.output_limit == OutputLimit::MaxCompletionTokens);
    let openrouter = vendor("openrouter").quirks();
    assert!(openrouter.error_finish && openrouter.error_chunks && openrouter.top_k);
    assert_eq!(openrouter.reasoning.map(ReasoningField::as_str), Some("reasoning"));
    let deepseek = vendor("deepseek").quirks();
    assert_eq!(deepseek.reasoning.map(ReasoningField::as_str), Some("reasoning_content"));
    assert_eq!(deepseek.output_limit, OutputLimit::MaxTokens);
}

#[test]
fn hosts_speak_in_recordings_as_the_table_says() {
    let hosts = [
        ("openai.azure.com", "azure-openai"),
        ("api.groq.com", "groq"),
        ("api.deepseek.com", "deepseek"),
        ("openrouter.ai", "openrouter"),
        ("api.mistral.ai", "mistral"),
        ("api.x.ai", "xai"),
        ("router.huggingface.co", "huggingface"),
    ];
    let mut seen = 0;
    for (file, answer) in corpus::files(|kind| kind.starts_with("openai_chat_"), ".response.sse") {
        let name = file.to_string_lossy();
        let beside = |ending| std::fs::read_to_string(name.replace(".response.sse", ending));
        let meta = beside(".meta.json").unwrap();
        let Some((_, known)) = hosts.iter().find(|(host, _)| meta.contains(host)) else { continue };
        seen += 1;
        let quirks = vendor(known).quirks();
        let holds =
            |bytes: &[u8], text: &str| memchr::memmem::find(bytes, text.as_bytes()).is_some();
        let field = quirks.reasoning.map(ReasoningField::as_str);
        for reasoning in ["reasoning_content", "reasoning"] {
            let told = holds(&answer, &format!("\"{reasoning}\":\""));
            assert!(!told || field == Some(reasoning), "{name}: {reasoning}");
        }
        assert!(!holds(&answer, "x_groq") || quirks.x_groq_usage, "{name}");
        let empty = holds(&answer, "prompt_filter_results");
        assert!(!empty || quirks.chunks_without_choices, "{name}");
        let request = beside(".request.json").unwrap_or_default();
        let asked = request.contains("stream_options");
        assert!(!asked || quirks.stream_options, "{name}");
    }
    assert!(seen >= 12 || corpus::is_absent(), "{seen}");
}

#[test]
fn a_request_is_written_for_the_weaker_of_host_and_model() {
    let model = Capabilities {
        legacy_openai: false,
        top_k: false,
        ..Capabilities::default_for(Schema::Chat)
    };
    assert_eq!(vendor("openai").quirks().narrow(model.clone()), model);
    let open = Capabilities { top_k: true, ..model.clone() };
    assert!(!vendor("openai").quirks().narrow(open.clone()).top_k);
    assert!(vendor("vllm").quirks().narrow(open).top_k);
    assert!(vendor("mistral").quirks().narrow(model.clone()).legacy_openai);
    let weak = Quirks { forced_tools: false, ..Quirks::default() };
    assert!(!weak.narrow(model).forced_tools);
}

#[test]
fn a_table_with_an_error_says_which() {
    let row = |lines: &str| {
        let head = "[parameters]\nregion = \"the region\"\n[api.chat]\n[[vendor]]\nname = \"x\"\n\
                    title = \"X\"\nsource = \"\"\ndate = \"\"\n";
        format!("{head}{lines}\n")
    };
    let fine = "credential = {}\nchat = { paths = { generate = \"/c\" } }";
    assert_eq!(row::read(&row(fine)).unwrap().len(), 1);
    for (lines, word) in [
        ("", "credential"),
        ("credential = {}\nurll = \"\"", "urll"),
        ("credential = {}\nchat = { paths = { generat = \"/c\" } }", "\"generat\": write one of"),
        ("credential = {}\nchat = { paths = { generate = \"c\" } }", "begins without"),
        ("credential = {}\nchat = { paths = { generate = \"/{\" } }", "braces"),
        (
            "credential = {}\nchat = { paths = { generate = \"/{area}\" } }",
            "does not say what `area`",
        ),
        ("credential = {}\nclaude = { paths = {} }", "[api.claude] is missing"),
        ("credential = {}\nchat = { paths = {}, framing = \"x\" }", "sse, eventstream"),
        ("credential = {}\nchat = { paths = {}, versions = { x = \"\" } }", "2023-06-01"),
        ("credential = {}\nquirks = { reasoning = \"x\" }", "reasoning_content, reasoning"),
        ("credential = {}\nerrors = \"x\"", "schema, aws"),
        ("credential = {}\ndefaults = { region = \"x\" }", "`region`, which is in no URL"),
    ] {
        let error = row::read(&row(lines)).unwrap_err().to_string();
        assert!(error.contains(word), "{lines}: {error}");
    }
    let twice = format!(
        "{}[[vendor]]\nname = \"x\"\ntitle = \"\"\nsource = \"\"\ndate = \"\"\ncredential = {{}}\n",
        row(fine)
    );
    assert!(row::read(&twice).unwrap_err().to_string().contains("there are two"));
}
