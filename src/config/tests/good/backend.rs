//! Where backends are, what they speak, and how they are reached.

use std::path::Path;

use http::{HeaderMap, Method, Uri};
use providers::Schema;

use super::one;
use crate::config::raw::RawBackend;
use crate::config::tests::files;
use crate::credential::Unsigned;
use crate::resolve::Host;
use crate::snapshot::{Origin, ProxyScheme};

#[test]
fn urls_are_as_the_sdk_takes_them() {
    let at = |backend: &str| {
        let snapshot = one(backend, Path::new(""));
        let Origin { host, port, prefix } = snapshot.backends[0].origin.clone();
        (host, port, prefix)
    };
    let told = |host: &str, port: u16, prefix: &str| (host.to_owned(), port, prefix.to_owned());
    let cases = [
        ("schema: openai", told("api.openai.com", 443, "/v1")),
        ("schema: claude", told("api.anthropic.com", 443, "")),
        ("schema: gemini", told("generativelanguage.googleapis.com", 443, "")),
        ("schema: openai, url: 'https://API.deepseek.com/'", told("api.deepseek.com", 443, "")),
        ("schema: claude, url: 'https://h:8443/anthropic/'", told("h", 8443, "/anthropic")),
        (
            "schema: openai, url: 'http://[::1]:11434/v1', plaintext: allowed, allow_private: true",
            told("::1", 11434, "/v1"),
        ),
    ];
    for (backend, expected) in cases {
        assert_eq!(at(&format!("{backend}, credential: none")), expected, "{backend}");
    }
}

#[test]
fn which_of_openais_schemas_are_spoken() {
    let directory = files();
    let spoken = |fields: &str| {
        let snapshot = one(&format!("{fields}, credential: none"), directory.path());
        snapshot.backends[0].spoken.clone()
    };
    let both = [Schema::Chat, Schema::Responses];
    assert_eq!(spoken("schema: openai"), both);
    assert_eq!(spoken("schema: openai, url: 'https://eu.api.openai.com/v1'"), both);
    assert_eq!(spoken("schema: openai, url: 'https://api.openai.com.example/v1'"), [Schema::Chat]);
    assert_eq!(spoken("schema: openai, url: 'https://h/v1'"), [Schema::Chat]);
    assert_eq!(spoken("schema: openai, url: 'https://h/v1', api: both"), both);
    assert_eq!(spoken("schema: openai, api: chat"), [Schema::Chat]);
    assert_eq!(spoken("schema: openai, api: responses"), [Schema::Responses]);
    assert_eq!(spoken("schema: openai, dialect: legacy"), [Schema::Chat]);
    assert_eq!(spoken("schema: claude"), [Schema::Claude]);
}

#[test]
fn a_vendor_says_what_is_spoken_where_and_how() {
    let directory = files();
    let of = |fields: &str| {
        let snapshot =
            one(&format!("{fields}, credential: {{ env: OPENAI_API_KEY }}"), directory.path());
        let backend = snapshot.backends[0].clone();
        let origin = format!("{}{}", backend.origin.host, backend.origin.prefix);
        let (method, uri) = (Method::POST, Uri::from_static("/"));
        let unsigned =
            Unsigned { method: &method, uri: &uri, headers: &HeaderMap::new(), body: &[] };
        let mut shown = backend.credential.show(&unsigned).unwrap().unwrap();
        let headers = shown.take_headers();
        let headers: Vec<String> = headers.iter().map(|(name, _)| name.to_string()).collect();
        (origin, backend.spoken.clone(), headers.join(" "))
    };
    let chat = || vec![Schema::Chat];
    let both = || vec![Schema::Chat, Schema::Responses];
    for (fields, origin, spoken, header) in [
        ("vendor: openai", "api.openai.com/v1", both(), "authorization"),
        ("vendor: openai, url: 'https://h/v1'", "h/v1", both(), "authorization"),
        (
            "vendor: azure-openai, resource: contoso",
            "contoso.openai.azure.com/openai/v1",
            both(),
            "api-key",
        ),
        (
            "vendor: azure-openai-classic, resource: contoso, deployment: d",
            "contoso.openai.azure.com/openai",
            chat(),
            "api-key",
        ),
        (
            "vendor: vertex-gemini, project: p, location: global",
            "aiplatform.googleapis.com",
            vec![Schema::Gemini],
            "authorization",
        ),
        (
            "vendor: foundry-claude, resource: r",
            "r.services.ai.azure.com/anthropic",
            vec![Schema::Claude],
            "x-api-key api-key",
        ),
        ("vendor: groq", "api.groq.com/openai/v1", chat(), "authorization"),
        ("vendor: xai, api: responses", "api.x.ai/v1", vec![Schema::Responses], "authorization"),
    ] {
        assert_eq!(of(fields), (origin.to_owned(), spoken, header.to_owned()), "{fields}");
    }
}

/// Each has a key beside `vendor`, so a new one in the table is a new key here.
#[test]
fn every_parameter_of_a_vendor_can_be_written() {
    for vendor in providers::vendor::Vendor::all() {
        for parameter in vendor.parameters() {
            assert!(
                RawBackend::KEYS.contains(&&*parameter.name),
                "{} of {}",
                parameter.name,
                vendor.name()
            );
        }
    }
}

#[test]
fn a_backend_is_reached_through_its_proxy_unless_it_is_exempt() {
    let directory = files();
    let to = |proxy: &str| {
        let text = format!("schema: openai, credential: none, proxy: {{ {proxy} }}");
        one(&text, directory.path())
    };
    let direct = one("schema: openai, credential: none", directory.path());
    let through = to("url: 'https://Proxy.corp:3128', credential: { file: proxy-user }");
    let (hop, proxy) = (through.backends[0].hop(), through.backends[0].proxy.as_ref().unwrap());
    assert_eq!((hop.host, hop.port), (&Host::new("proxy.corp", false), 3128));
    assert_eq!(proxy.tls.as_ref().unwrap().sni, "proxy.corp");
    assert_eq!(proxy.credential.as_ref().unwrap().scheme, ProxyScheme::Basic);
    assert_eq!(through.tls_policies().count(), 2);
    assert_eq!(through.secrets().count(), 1);
    assert!(!format!("{through:?}").contains("pa:ss"));

    let exempt = to("url: 'https://proxy.corp', no_proxy: [.openai.com]");
    assert_eq!(exempt.backends[0].hop().host.as_str(), "api.openai.com");
    assert_eq!(exempt.backends[0].group_key, direct.backends[0].group_key);

    // S-56: what went through one proxy is not used for another, nor for none.
    let mut keys: Vec<u64> = [
        "url: 'https://proxy.corp:3128'",
        "url: 'https://proxy.corp:3129'",
        "url: 'https://other.corp:3128'",
        "url: 'http://proxy.corp:3128'",
        "url: 'https://proxy.corp:3128', tls: { ca: ca.pem }",
    ]
    .map(|proxy| to(proxy).backends[0].group_key)
    .to_vec();
    keys.push(direct.backends[0].group_key);
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 6);
}
