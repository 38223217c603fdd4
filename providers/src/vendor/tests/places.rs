//! URLs and paths.

use proptest::prelude::*;

use super::super::*;
use super::vendor;
use crate::corpus;

fn parameters(pairs: &[(&str, &str)]) -> Parameters {
    pairs.iter().copied().collect()
}

/// Values for all of a vendor's parameters.
fn all(vendor: &Vendor, value: &str) -> Parameters {
    vendor.parameters().iter().map(|parameter| (parameter.name.clone(), value)).collect()
}

fn path(name: &str, pairs: &[(&str, &str)], schema: Schema, operation: Operation) -> String {
    let paths = vendor(name).paths(&parameters(pairs)).unwrap();
    paths.path(schema, operation, "m-1", None).unwrap().unwrap()
}

#[test]
fn urls_are_where_the_sdks_look_for_them() {
    for (name, pairs, url) in [
        ("openai", &[][..], "https://api.openai.com/v1"),
        ("anthropic", &[], "https://api.anthropic.com"),
        ("gemini", &[], "https://generativelanguage.googleapis.com"),
        ("azure-openai", &[("resource", "Contoso")], "https://contoso.openai.azure.com/openai/v1"),
        (
            "vertex-gemini",
            &[("location", "us-east5")],
            "https://us-east5-aiplatform.googleapis.com",
        ),
        ("vertex-gemini", &[("location", "global")], "https://aiplatform.googleapis.com"),
        ("vertex-claude", &[("location", "eu")], "https://aiplatform.eu.rep.googleapis.com"),
        ("vertex-claude", &[("location", "GLOBAL")], "https://aiplatform.googleapis.com"),
        (
            "bedrock",
            &[("region", "us-east-1")],
            "https://bedrock-mantle.us-east-1.api.aws/anthropic",
        ),
        (
            "bedrock-invoke",
            &[("region", "eu-west-1")],
            "https://bedrock-runtime.eu-west-1.amazonaws.com",
        ),
        (
            "bedrock-openai",
            &[("region", "us-east-1")],
            "https://bedrock-mantle.us-east-1.api.aws/openai/v1",
        ),
        (
            "foundry-claude",
            &[("resource", "contoso")],
            "https://contoso.services.ai.azure.com/anthropic",
        ),
        ("groq", &[], "https://api.groq.com/openai/v1"),
    ] {
        assert_eq!(vendor(name).url(&parameters(pairs)).as_deref(), Ok(url), "{name}");
    }
}

#[test]
fn paths_are_those_of_the_providers() {
    use Operation::{Count, Embed, Generate, Stream, StreamArray};
    let place = &[("project", "p"), ("location", "eu")];
    for (name, pairs, schema, operation, expected) in [
        ("openai", &[][..], Schema::Chat, Generate, "/chat/completions"),
        ("openai", &[], Schema::Chat, Stream, "/chat/completions"),
        ("openai", &[], Schema::Responses, Count, "/responses/input_tokens"),
        ("openai", &[], Schema::Chat, Operation::Model, "/models/m-1"),
        ("anthropic", &[], Schema::Claude, Count, "/v1/messages/count_tokens"),
        ("gemini", &[], Schema::Gemini, Generate, "/v1beta/models/m-1:generateContent"),
        ("gemini", &[], Schema::Gemini, Stream, "/v1beta/models/m-1:streamGenerateContent?alt=sse"),
        ("gemini", &[], Schema::Gemini, StreamArray, "/v1beta/models/m-1:streamGenerateContent"),
        (
            "azure-openai-classic",
            &[],
            Schema::Chat,
            Stream,
            "/deployments/m-1/chat/completions?api-version=2024-10-21",
        ),
        (
            "azure-openai-classic",
            &[("deployment", "d"), ("api_version", "2025-01-01-preview")],
            Schema::Chat,
            Embed,
            "/deployments/d/embeddings?api-version=2025-01-01-preview",
        ),
        (
            "vertex-gemini",
            place,
            Schema::Gemini,
            Stream,
            "/v1/projects/p/locations/eu/publishers/google/models/m-1:streamGenerateContent?alt=sse",
        ),
        (
            "vertex-claude",
            place,
            Schema::Claude,
            Stream,
            "/v1/projects/p/locations/eu/publishers/anthropic/models/m-1:streamRawPredict",
        ),
        (
            "vertex-claude",
            place,
            Schema::Claude,
            Count,
            "/v1/projects/p/locations/eu/publishers/anthropic/models/count-tokens:rawPredict",
        ),
        ("bedrock-invoke", &[], Schema::Claude, Generate, "/model/m-1/invoke"),
        ("bedrock-invoke", &[], Schema::Claude, Stream, "/model/m-1/invoke-with-response-stream"),
        ("foundry-claude", &[], Schema::Claude, Generate, "/v1/messages"),
    ] {
        // Parameters of the URL alone are not missing here.
        assert_eq!(path(name, pairs, schema, operation), expected, "{name}");
    }
    let paths = vendor("bedrock-invoke").paths(&Parameters::default()).unwrap();
    assert_eq!(paths.path(Schema::Claude, Count, "m", None), Ok(None));
    assert_eq!(paths.path(Schema::Chat, Generate, "m", None), Ok(None));
}

#[test]
fn recorded_calls_went_to_these_places() {
    let kinds =
        ["anthropic", "anthropic_vertex", "gemini", "gemini_vertex", "openai_chat", "bedrock"];
    let mut seen = 0;
    for (file, meta) in corpus::files(|kind| kinds.contains(&kind), ".meta.json") {
        let text = std::str::from_utf8(&meta).unwrap();
        let (_, url) = text.split_once("\"url\": \"").unwrap();
        let url = url.split('"').next().unwrap().split('?').next().unwrap();
        let rest = |start: &str| url.strip_prefix(start);
        let expected = if let Some(path) = rest("https://us-east5-aiplatform.googleapis.com/v1/") {
            let part = |at: usize| path.split('/').nth(at).unwrap();
            let (model, method) = part(7).split_once(':').unwrap();
            let operation =
                if method == "streamRawPredict" { Operation::Stream } else { Operation::Generate };
            let pairs = [("project", part(1)), ("location", part(3))];
            let vendor = vendor("vertex-claude");
            let paths = vendor.paths(&parameters(&pairs)).unwrap();
            let path = paths.path(Schema::Claude, operation, model, None).unwrap().unwrap();
            (vendor.url(&parameters(&pairs)).unwrap() + &path, model.to_owned())
        } else if let Some(path) = rest("https://bedrock-runtime.us-east-1.amazonaws.com/model/") {
            let (model, method) = path.split_once('/').unwrap();
            let operation = match method {
                "invoke" => Operation::Generate,
                "invoke-with-response-stream" => Operation::Stream,
                _ => continue,
            };
            let pairs = [("region", "us-east-1")];
            let vendor = vendor("bedrock-invoke");
            let model = model.replace("%3A", ":");
            let paths = vendor.paths(&parameters(&pairs)).unwrap();
            let path = paths.path(Schema::Claude, operation, &model, None).unwrap().unwrap();
            (vendor.url(&parameters(&pairs)).unwrap() + &path, model)
        } else {
            continue;
        };
        seen += 1;
        // Clients differ in what they encode.
        let plain = |text: &str| text.replace("%3A", ":").replace("%40", "@");
        assert_eq!(plain(&expected.0), plain(url), "{}", file.display());
    }
    assert!(seen >= 8 || corpus::is_absent(), "{seen}");
}

#[test]
fn a_callers_own_version_is_kept_where_there_are_several() {
    let gemini = vendor("gemini").paths(&Parameters::default()).unwrap();
    let path = |version| gemini.path(Schema::Gemini, Operation::Generate, "m", version).unwrap();
    assert_eq!(path(Some("v1")).as_deref(), Some("/v1/models/m:generateContent"));
    assert_eq!(path(Some("..")).as_deref(), Some("/v1beta/models/m:generateContent"));
    let pairs = [("project", "p"), ("location", "global")];
    let vertex = vendor("vertex-gemini").paths(&parameters(&pairs)).unwrap();
    let path = vertex.path(Schema::Gemini, Operation::Generate, "m", Some("v1beta")).unwrap();
    assert!(path.unwrap().starts_with("/v1/projects/"));
}

#[test]
fn a_version_that_would_be_there_twice_is_known() {
    for (name, pairs, schema, version) in [
        ("openai", &[][..], Schema::Chat, false),
        ("anthropic", &[], Schema::Claude, true),
        ("gemini", &[], Schema::Gemini, true),
        ("azure-openai-classic", &[], Schema::Chat, false),
        ("vertex-gemini", &[("project", "p"), ("location", "eu")], Schema::Gemini, true),
        ("bedrock-invoke", &[], Schema::Claude, false),
    ] {
        let paths = vendor(name).paths(&parameters(pairs)).unwrap();
        assert_eq!(paths.begin_with_version(schema), version, "{name}");
    }
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    let url = |name: &str, pairs: &[(&str, &str)]| {
        vendor(name).url(&parameters(pairs)).unwrap_err().to_string()
    };
    assert_eq!(
        url("azure-openai", &[]),
        "`resource` is missing: the name of the Azure resource, such as contoso for \
         contoso.openai.azure.com"
    );
    assert_eq!(
        url("azure-openai", &[("resource", "a"), ("region", "x")]),
        "`region` is not a parameter of `azure-openai`, which takes `resource`"
    );
    assert_eq!(
        url("groq", &[("region", "x")]),
        "`region` is not a parameter of `groq`, which takes none"
    );
    assert!(url("vllm", &[]).starts_with("`url` is missing: the base URL of the host"));
    for bad in ["", "a.b", "a/b", "a@b", "-a", "a-", "ä", "a b", "a:1", "{model}", &"a".repeat(64)]
    {
        let error = vendor("bedrock").url(&parameters(&[("region", bad)])).unwrap_err();
        assert!(matches!(error, ParameterError::Wrong { .. }), "{bad}: {error}");
        assert_eq!(error.name(), "region");
    }
    let paths =
        |pairs: &[(&str, &str)]| vendor("vertex-claude").paths(&parameters(pairs)).unwrap_err();
    assert_eq!(paths(&[("location", "eu")]).name(), "project");
    for bad in ["", "..", ".", "a/b", "a\\b", "a\nb", "a//b", &"a".repeat(257)] {
        let error = paths(&[("location", "eu"), ("project", bad)]);
        assert!(matches!(error, ParameterError::Wrong { .. }), "{bad}: {error}");
    }
    let plain =
        vendor("vertex-claude").paths(&parameters(&[("location", "eu"), ("project", "x.org:p")]));
    let path =
        plain.unwrap().path(Schema::Claude, Operation::Generate, "m", None).unwrap().unwrap();
    assert!(path.starts_with("/v1/projects/x.org%3Ap/locations/eu/"), "{path}");
}

#[test]
fn a_model_that_leads_elsewhere_is_refused() {
    let paths = vendor("bedrock-invoke").paths(&Parameters::default()).unwrap();
    let path = |model: &str| paths.path(Schema::Claude, Operation::Generate, model, None);
    let name = "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude";
    assert_eq!(
        path(name).unwrap().unwrap(),
        "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.anthropic.claude/invoke"
    );
    for bad in ["", ".", "..", "a/../b", "../a", "a/", "/a", "a\\..\\b", "a\r\nb"] {
        assert_eq!(path(bad).unwrap_err().field.as_deref(), Some("model"), "{bad:?}");
    }
    // Where the body names it, the path doesn't care.
    let anthropic = vendor("anthropic").paths(&Parameters::default()).unwrap();
    assert!(anthropic.path(Schema::Claude, Operation::Generate, "..", None).is_ok());
}

#[test]
fn unknown_paths_are_passed_on_behind_the_base_url() {
    let opaque = |name: &str, schema, path: &'static str| {
        vendor(name).offer(schema).and_then(|offer| offer.opaque(path))
    };
    assert_eq!(opaque("openai", Schema::Chat, "/v1/files/f-1"), Some("/files/f-1"));
    assert_eq!(opaque("anthropic", Schema::Claude, "/v1/files"), Some("/v1/files"));
    assert_eq!(opaque("vertex-claude", Schema::Claude, "/v1/files"), None);
    for path in
        ["/v2/files", "/v1", "/v1/", "/v1/../x", "/v1/a//b", "/v1/a%2e", "/v1files", "/v1/a\\b"]
    {
        assert_eq!(opaque("openai", Schema::Chat, path), None, "{path}");
    }
}

proptest! {
    /// Whatever is written there: the host stays the vendor's.
    #[test]
    fn no_parameter_changes_whose_host_it_is(value in "\\PC{0,12}|[a-z0-9./@:#?%{}-]{0,12}") {
        for vendor in Vendor::all() {
            let Ok(url) = vendor.url(&all(vendor, &value)) else { continue };
            let host = url.strip_prefix("https://").unwrap().split('/').next().unwrap();
            let plain = |byte: u8| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte)
            };
            prop_assert!(host.bytes().all(plain), "{}", url);
            let template = vendor.url(&all(vendor, "x")).unwrap();
            let end = |url: &str| url.rsplit_once('.').map(|(_, end)| end.to_owned());
            prop_assert_eq!(end(&url), end(&template));
        }
    }

    /// Whatever stands in a path stays in its segment.
    #[test]
    fn nothing_changes_how_many_segments_a_path_has(
        value in "\\PC{1,12}|[a-z./%?#&=-]{1,12}",
        model in "\\PC{1,12}|[a-z./%?#&=-]{1,12}",
        version in "[a-z0-9/]{0,6}|[.]{1,2}",
    ) {
        for vendor in Vendor::all() {
            let shape = vendor.paths(&all(vendor, "x")).unwrap();
            let Ok(paths) = vendor.paths(&all(vendor, &value)) else { continue };
            for offer in &vendor.offers {
                for (_, operation) in Operation::ALL {
                    let path = |paths: &Paths, model, version| {
                        paths.path(offer.schema(), operation, model, version)
                    };
                    let Ok(Some(path_with)) = path(&paths, &*model, Some(&*version)) else { continue };
                    let expected = path(&shape, "x", None).unwrap().unwrap();
                    let count = |path: &str, of| path.matches(of).count();
                    for of in ["/", "?", "&", "#", "..", "="] {
                        if of == ".." && (model.contains("..") || value.contains("..")) { continue }
                        prop_assert_eq!(count(&path_with, of), count(&expected, of), "{}", path_with);
                    }
                    prop_assert!(path_with.bytes().all(|byte| byte.is_ascii_graphic()));
                    let dots = |segment: &str| matches!(segment, "" | "." | "..");
                    prop_assert!(!path_with.split('/').skip(1).any(dots), "{}", path_with);
                }
            }
        }
    }
}
