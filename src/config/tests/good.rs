//! Good configurations, and what they mean.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, Uri};
use providers::Schema;
use providers::catalog::Fact;
use sha2::{Digest, Sha256};

use super::{environment, files, load};
use crate::config::decode::{Decode, Field};
use crate::config::dns::RawDnssec;
use crate::config::environment::config;
use crate::config::node;
use crate::config::problem::Problems;
use crate::config::raw::{RawBackend, RawConfig, RawStore, RawStoreTls};
use crate::config::raw_credential::{RawCredential, RawKinds};
use crate::config::{Source, check};
use crate::credential::{CallerKey, Unsigned};
use crate::resolve::{Dnssec, Family, Host, Settings};
use crate::snapshot::{
    Callers, Depth, HttpVersions, Origin, Pin, ProxyScheme, Snapshot, Stale, SubjectName,
    TlsVersion,
};

const REFERENCE: &str = include_str!("../../../conf/reference.yaml");

fn good(text: &str, directory: &Path) -> Snapshot {
    load(text, directory).unwrap_or_else(|error| panic!("{error}"))
}

/// A configuration with one backend, described by `backend`.
fn one(backend: &str, directory: &Path) -> Snapshot {
    let text = format!(
        "listeners: [{{ address: 127.0.0.1:8080 }}]\nbackends: {{ a: {{ {backend} }} }}\n\
         routes: [{{ models: [m], backends: [a] }}]\n"
    );
    good(&text, directory)
}

#[test]
fn the_short_configuration_means_what_it_says() {
    let text = include_str!("../../../conf/egret.yaml");
    assert!(text.lines().count() <= 25);
    let snapshot = good(text, Path::new("conf"));
    let names: Vec<&str> = snapshot.backends.iter().map(|backend| backend.name.as_str()).collect();
    assert_eq!(names, ["openai", "claude", "gemini"]);
    let [.., assistant] = &*snapshot.routes else { panic!() };
    assert_eq!(assistant.name, "assistant");
    let targets: Vec<_> = assistant
        .targets
        .iter()
        .map(|target| (target.backend.name.as_str(), target.model.as_deref(), target.weight))
        .collect();
    assert_eq!(
        targets,
        [("claude", Some("claude-sonnet-5"), None), ("openai", Some("gpt-5.4"), None)]
    );
    assert_eq!(snapshot.gateway, "egret");
    assert_eq!(snapshot.admin, "127.0.0.1:9090".parse().unwrap());
    assert_eq!(snapshot.ledger, Some(PathBuf::from("/state/egret.ledger")));
    assert_eq!(snapshot.budgets.len(), 1);
    assert_eq!(snapshot.limits.body_bytes, 32 << 20);
}

#[test]
fn callers_are_known_by_their_keys() {
    let snapshot = good(include_str!("../../../conf/examples/budgets.yaml"), Path::new("conf"));
    let who = |key: &'static str| {
        let headers =
            HeaderMap::from_iter([("x-api-key".parse().unwrap(), HeaderValue::from_static(key))]);
        let key = CallerKey::of(&headers, None).unwrap().unwrap();
        let directory = snapshot.callers.directory().unwrap();
        directory.by_key(&key).map(|caller| caller.name.clone())
    };
    assert_eq!(who("key-of-checkout").as_deref(), Some("checkout"));
    assert_eq!(who("key-of-research").as_deref(), Some("research"));
    assert_eq!(who("key-of-checkou"), None);
    assert_eq!(who("sk-openai"), None);
}

#[test]
fn a_listener_on_loopback_needs_no_callers() {
    let snapshot = good(include_str!("../../../conf/examples/failover.yaml"), Path::new("conf"));
    assert!(matches!(snapshot.callers, Callers::Anyone));
}

#[test]
fn every_example_loads() {
    let directory = tempfile::tempdir().unwrap();
    fs::rename(files().keep(), directory.path().join("secrets")).unwrap();
    fs::write(directory.path().join("secrets/models.key"), "sk-models").unwrap();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("conf/examples");
    let mut loaded = 0;
    for example in fs::read_dir(examples).unwrap() {
        good(&fs::read_to_string(example.unwrap().path()).unwrap(), directory.path());
        loaded += 1;
    }
    assert!(loaded >= 3);
}

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
fn tls_is_verified_under_a_name_that_is_never_empty() {
    let directory = files();
    let plain = one("schema: openai, credential: none", directory.path());
    assert_eq!(plain.backends[0].tls.as_ref().unwrap().sni, "api.openai.com");
    let text = "schema: openai, credential: none, url: 'https://10.0.0.1/v1', \
                allow_private: true, tls: { sni: models.internal, ca: ca.pem, certificate: client.pem, key: client.key }";
    let private = one(text, directory.path());
    let tls = private.backends[0].tls.as_ref().unwrap();
    assert_eq!(tls.sni, "models.internal");
    assert_eq!(tls.ca.as_ref().unwrap().len(), 1);
    assert_eq!(tls.identity.as_ref().unwrap().chain.len(), 1);
}

/// S-56: whatever makes a connection trusted tells it apart in the pool.
#[test]
fn s_56_connections_under_different_trust_have_different_keys() {
    let directory = files();
    let group_key = |backend: &str| {
        let text = format!("schema: openai, credential: none, {backend}");
        one(&text, directory.path()).backends[0].group_key
    };
    let variants = [
        "url: 'https://h.example/v1'",
        "url: 'https://h.example:444/v1'",
        "url: 'https://other.example/v1'",
        "url: 'https://h.example/v1', tls: { sni: other.example }",
        "url: 'https://h.example/v1', tls: { ca: ca.pem }",
        "url: 'https://h.example/v1', tls: { ca: client.pem }",
        "url: 'https://h.example/v1', tls: { certificate: client.pem, key: client.key }",
        "url: 'http://h.example:443/v1', plaintext: allowed",
        "url: 'https://h.example/v1', tls: { sans: ['dns:h.example'] }",
        "url: 'https://h.example/v1', tls: { sans: ['dns:h.example', 'ip:10.0.0.1'] }",
        "url: 'https://h.example/v1', tls: { sans: ['uri:spiffe://h.example'] }",
        "url: 'https://h.example/v1', tls: { sans: ['uri:spiffe://h.example'], sni: h2.example }",
        "url: 'https://h.example/v1', \
         tls: { pins: ['sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='] }",
        "url: 'https://h.example/v1', \
         tls: { pins: ['cert-sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='] }",
        "url: 'https://h.example/v1', tls: { min_version: '1.3' }",
        "url: 'https://h.example/v1', tls: { crl: { files: [root.crl] } }",
        "url: 'https://h.example/v1', tls: { crl: { files: [der.crl] } }",
        "url: 'https://h.example/v1', tls: { crl: { files: [root.crl], stale: accept } }",
        "url: 'https://h.example/v1', tls: { crl: { files: [root.crl], depth: leaf } }",
        "url: 'https://h.example/v1', tls: { crl: { urls: ['https://crl.example/a'] } }",
        "url: 'https://h.example/v1', tls: { crl: { urls: ['https://crl.example/b'] } }",
        "url: 'https://h.example/v1', \
         tls: { crl: { urls: ['https://crl.example/a'], ca: ca.pem } }",
        "url: 'https://h.example/v1', \
         tls: { crl: { urls: ['https://crl.example/a'], refresh: 2h } }",
    ];
    let keys: BTreeSet<u64> = variants.into_iter().map(group_key).collect();
    assert_eq!(keys.len(), variants.len());
    assert_eq!(group_key(variants[6]), group_key(variants[6]));
}

#[test]
fn revocation_lists_are_read_in_pem_and_der() {
    let directory = files();
    let revocation = |fields: &str| {
        let text = format!("schema: openai, credential: none, tls: {{ crl: {{ {fields} }} }}");
        one(&text, directory.path()).backends[0].tls.clone().unwrap().revocation.unwrap()
    };
    let both = revocation("files: [two.crl, der.crl]");
    let made: Vec<i64> = both.lists.iter().map(|list| list.this_update()).collect();
    assert_eq!(made, [1_767_225_600; 3]);
    let ends: Vec<i64> = both.lists.iter().map(|list| list.next_update()).collect();
    assert_eq!(ends, [2_398_377_600, 2_429_913_600, 2_461_449_600]);
    assert_eq!((both.stale, both.depth), (Stale::Refuse, Depth::Chain));
    assert_eq!(both.refresh, Duration::from_secs(3600));
    let lax = revocation("urls: ['http://h/a.crl'], refresh: 5m, stale: accept, depth: leaf");
    assert_eq!((lax.stale, lax.depth), (Stale::Accept, Depth::Leaf));
    assert_eq!(
        (&*lax.urls, lax.refresh),
        (&["http://h/a.crl".to_owned()][..], Duration::from_secs(300))
    );
}

#[test]
fn names_and_pins_are_read() {
    let directory = files();
    let text = "schema: openai, credential: none, url: 'https://10.0.0.1/v1', allow_private: true, tls: { \
                sans: ['dns:a.example', 'ip:::1', 'uri:spiffe://a.example/ns/x'], \
                pins: ['sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='], min_version: 1.3 }";
    let tls = one(text, directory.path()).backends[0].tls.clone().unwrap();
    let server = |name: &'static str| SubjectName::Server(name.try_into().unwrap());
    let uri = SubjectName::Uri("spiffe://a.example/ns/x".to_owned());
    assert_eq!(tls.sans, [server("a.example"), server("::1"), uri]);
    assert_eq!(tls.pins, [Pin::PublicKey(Sha256::digest([]).into())]);
    assert_eq!((&*tls.sni, tls.min_version), ("10.0.0.1", TlsVersion::V1_3));
}

#[test]
fn without_a_file_the_environment_says_which_providers_there_are() {
    let text = config(&environment).unwrap();
    let snapshot = good(&text, Path::new(""));
    let routes: Vec<String> = snapshot
        .routes
        .iter()
        .map(|route| format!("{} {}", route.models.join(" "), route.targets[0].backend.name))
        .collect();
    assert_eq!(routes, ["gpt-* o* chatgpt-* openai", "claude-* claude", "gemini-* gemini"]);
    assert!(snapshot.listeners.iter().all(|listener| listener.address.ip().is_loopback()));
    assert!(matches!(snapshot.callers, Callers::Anyone));

    let google = |name: &str| (name == "GOOGLE_API_KEY").then(|| "k".into());
    assert!(config(&google).unwrap().contains("env: GOOGLE_API_KEY"));
    assert!(config(&|_| None).unwrap_err().contains("export the key of a provider"));
    assert!(config(&|name| (name == "OPENAI_API_KEY").then(Default::default)).is_err());
    let spaced = config(&|name| (name == "OPENAI_API_KEY").then(|| "sk live".into()));
    let error = spaced.unwrap_err();
    assert!(error.starts_with("OPENAI_API_KEY: ") && !error.contains("sk live"), "{error}");
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
fn what_an_operator_knows_of_a_model_goes_before_the_catalogue() {
    let directory = files();
    let text = "listeners: [{ address: 127.0.0.1:8080 }]\n\
                backends: { openai: { schema: openai, credential: none } }\n\
                routes: [{ models: ['*'], backends: [openai] }]\n\
                models:\n  \
                - { match: 'GPT-5*', schema: openai, max_output_tokens: 77, stop: true, \
                    on_responses: { stop: false } }\n";
    let snapshot = good(text, directory.path());
    let terms = snapshot.terms(&snapshot.backends[0], "gpt-5.4-mini");
    let (chat, responses) =
        (terms.capabilities(Schema::Chat), terms.capabilities(Schema::Responses));
    assert_eq!((chat.max_output_tokens, chat.stop), (77, true));
    assert_eq!((responses.max_output_tokens, responses.stop), (77, false));
    assert!(!chat.legacy_openai, "the catalogue's word holds where nothing else is said");
    let other = snapshot.terms(&snapshot.backends[0], "gpt-4o");
    assert_ne!(other.capabilities.max_output_tokens, 77);
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

#[test]
fn name_servers_and_names_are_as_they_are_written() {
    let directory = files();
    let text = "listeners: [{ address: 127.0.0.1:8080 }]\n\
                backends: { a: { schema: openai, credential: none } }\n\
                routes: [{ models: ['*'], backends: [a] }]\n\
                dns:\n  \
                  servers: ['udp://10.0.0.10', 'tcp://[fd00::1]:5353', 'tls://1.1.1.1#one.one', \
                            'tls://9.9.9.9:8853', 'udp://fd00::2']\n  \
                  ca: ca.pem\n  allow: [api.openai.com, '*.Internal.Example']\n  \
                  dnssec: { anchors: anchors }\n  family: v4\n  attempts: 3\n  \
                  reverse: { api.openai.com: '*.cdn.example', '*.b.example': [c.example, d.example] }\n";
    let dns = good(text, directory.path()).dns.clone();
    let servers: Vec<String> = dns.servers.iter().flatten().map(ToString::to_string).collect();
    assert_eq!(
        servers,
        [
            "udp://10.0.0.10:53",
            "tcp://[fd00::1]:5353",
            "tls://1.1.1.1:853#one.one",
            "tls://9.9.9.9:8853#9.9.9.9",
            "udp://[fd00::2]:53"
        ]
    );
    assert_eq!(dns.ca.as_ref().unwrap().len(), 1);
    assert!(dns.allows("x.internal.example") && !dns.allows("api.openai.com.evil.example"));
    assert_eq!((dns.family, dns.attempts), (Family::V4, 3));
    assert!(matches!(&dns.dnssec, Dnssec::Anchors(text) if text.contains("DNSKEY")));
    let reverse: Vec<usize> = dns.reverse.iter().map(|rule| rule.within.len()).collect();
    assert_eq!(reverse, [1, 2]);
    let default = one("schema: openai, credential: none", directory.path());
    assert_eq!(*default.dns, Settings::default());
    let file = directory.path().join("egret.yaml");
    fs::write(&file, text.replace("'tcp://[fd00::1]:5353', ", "")).unwrap();
    let told = check(&Source::File(file)).unwrap();
    let row = "  dns       udp://10.0.0.10:53, tls://1.1.1.1:853#one.one, \
               tls://9.9.9.9:8853#9.9.9.9, udp://[fd00::2]:53, validated, only for api.openai.com, \
               *.internal.example\n";
    assert!(told.contains(row), "{told}");
}

/// The reference names every key there is, and states the defaults that hold.
#[test]
fn the_reference_is_complete_and_loads() {
    let directory = files();
    let at = |name: &str| directory.path().join(name).display().to_string();
    let text = REFERENCE
        .replace("/run/secrets/anthropic/key", &at("other"))
        .replace("/etc/egret/anchors", &at("anchors"))
        .replace("/run/secrets/anthropic/", &at(""))
        .replace("/run/secrets/egret/", &at(""));
    let reference = good(&text, directory.path());

    let default = one("schema: openai, credential: { env: OPENAI_API_KEY }", directory.path());
    assert_eq!(reference.gateway, default.gateway);
    assert_eq!(reference.admin, default.admin);
    assert_eq!(reference.limits, default.limits);
    assert_eq!(reference.ledger, default.ledger);
    let times = |dns: &Settings| {
        (dns.min_ttl, dns.max_ttl, dns.stale, dns.timeout, dns.attempts, dns.family)
    };
    assert_eq!(times(&reference.dns), times(&default.dns));
    let (stated, holds) = (&reference.backends[0], &default.backends[0]);
    assert_eq!(stated.origin, holds.origin);
    assert_eq!(stated.spoken, holds.spoken);
    assert_eq!(stated.timeouts, holds.timeouts);
    assert_eq!((stated.http, stated.legacy_openai), (HttpVersions::Auto, false));
    assert_eq!((holds.http, holds.legacy_openai), (HttpVersions::Auto, false));
    assert_eq!(stated.on_disconnect, holds.on_disconnect);
    assert_eq!(stated.host, holds.host);
    assert_eq!(stated.timeouts.first_byte, Duration::from_secs(600));

    // There is one store; what else it may be stands in comments.
    let stores = ["sentinel", "cluster"].map(|kind| {
        let none = text.replace("\n  redis: ", "\n  # redis: ");
        let other = none.replace(&format!("\n  # {kind}: "), &format!("\n  {kind}: "));
        good(&other, directory.path());
        raw(&other).store.value().unwrap()
    });
    assert_eq!(missing(raw(REFERENCE), &stores), Vec::<String>::new());
    for fact in Fact::names() {
        assert!(
            REFERENCE.contains(&format!(" {fact},")) || REFERENCE.contains(&format!(" {fact}."))
        );
    }
}

fn raw(text: &str) -> RawConfig {
    let mut problems = Problems::default();
    let node = node::parse(text, &mut problems).unwrap();
    RawConfig::decode(&node, "the file", &mut problems).unwrap()
}

/// The keys that no section of their kind holds; `stores` are more sections of one kind.
fn missing(raw: RawConfig, stores: &[RawStore]) -> Vec<String> {
    fn list<T>(field: Field<Vec<Field<T>>>) -> Vec<T> {
        field.value().unwrap_or_default().into_iter().filter_map(Field::value).collect()
    }
    let mut missing: Vec<String> = Vec::new();
    let mut gather = |section: &str, absent: Vec<BTreeSet<&'static str>>| {
        let everywhere = absent.into_iter().reduce(|a, b| &a & &b);
        let keys = everywhere.unwrap_or_else(|| BTreeSet::from(["everything"]));
        missing.extend(keys.into_iter().map(|key| format!("{section}.{key}")));
    };
    gather("the file", vec![raw.absent()]);
    let backends: Vec<_> = raw.backends.value().unwrap_or_default();
    let backends: Vec<_> = backends.into_iter().filter_map(|(_, _, raw)| raw.value()).collect();
    let routes = list(raw.routes);
    let callers = list(raw.callers);
    let listeners = list(raw.listeners);
    gather("listeners", listeners.iter().map(|raw| raw.absent()).collect());
    let listener_tls = listeners.iter().filter_map(|raw| raw.tls.peek());
    gather("listeners.tls", listener_tls.map(|raw| raw.absent()).collect());
    gather("admin", raw.admin.value().iter().map(|raw| raw.absent()).collect());
    gather("backends", backends.iter().map(|raw| raw.absent()).collect());
    let tls = backends.iter().filter_map(|raw| raw.tls.clone().value());
    gather("tls", tls.map(|raw| raw.absent()).collect());
    let crl = backends.iter().filter_map(|raw| raw.tls.peek()?.crl.peek());
    gather("crl", crl.map(|raw| raw.absent()).collect());
    let proxies = backends.iter().filter_map(|raw| raw.proxy.peek());
    let shown = proxies.clone().filter_map(|raw| raw.credential.peek());
    gather("proxy", proxies.map(|raw| raw.absent()).collect());
    gather("proxy.credential", shown.map(|raw| raw.absent()).collect());
    let timeouts = backends.iter().filter_map(|raw| raw.timeouts.clone().value());
    gather("timeouts", timeouts.map(|raw| raw.absent()).collect());
    let credentials: Vec<RawKinds> = backends
        .iter()
        .filter_map(|raw| match raw.credential.clone().value() {
            Some(RawCredential::Of(raw)) => Some(*raw),
            _ => None,
        })
        .collect();
    gather("credential", credentials.iter().map(|raw| raw.absent()).collect());
    let keys = credentials.iter().flat_map(|raw| list(raw.keys.clone()));
    gather("keys", keys.map(|raw| raw.absent()).collect());
    let each = |raw: &RawKinds| {
        [
            ("aws", raw.aws.peek().map(|raw| raw.absent())),
            ("google", raw.google.peek().map(|raw| raw.absent())),
            ("azure", raw.azure.peek().map(|raw| raw.absent())),
            ("oauth", raw.oauth.peek().map(|raw| raw.absent())),
            ("token_exchange", raw.token_exchange.peek().map(|raw| raw.absent())),
        ]
    };
    for kind in ["aws", "google", "azure", "oauth", "token_exchange"] {
        let of_kind = credentials.iter().flat_map(each).filter(|(name, _)| *name == kind);
        gather(kind, of_kind.filter_map(|(_, absent)| absent).collect());
    }
    gather("routes", routes.iter().map(|raw| raw.absent()).collect());
    let targets = routes.into_iter().flat_map(|raw| list(raw.backends));
    gather("targets", targets.map(|raw| raw.absent()).collect());
    gather("callers", callers.iter().map(|raw| raw.absent()).collect());
    let proofs = callers.iter().filter_map(|raw| raw.identity.peek());
    gather("callers.identity", proofs.map(|raw| raw.absent()).collect());
    let identity = raw.identity.value();
    gather("identity", identity.iter().map(|raw| raw.absent()).collect());
    let identity = identity.unwrap();
    let kubernetes = identity.kubernetes.value().unwrap();
    gather("kubernetes", vec![kubernetes.absent()]);
    gather("token_review", vec![kubernetes.token_review.value().unwrap().absent()]);
    let issuers = list(identity.jwt);
    gather("jwt", issuers.iter().map(|raw| raw.absent()).collect());
    let claims = issuers.iter().filter_map(|raw| raw.claims.peek());
    gather("claims", claims.map(|raw| raw.absent()).collect());
    let jwks = issuers.iter().map(|raw| &raw.jwks).chain([&kubernetes.jwks]);
    gather("jwks", jwks.filter_map(Field::peek).map(|raw| raw.absent()).collect());
    gather("mtls", identity.mtls.value().iter().map(|raw| raw.absent()).collect());
    let budgets = list(raw.budgets);
    gather("budgets", budgets.iter().map(|raw| raw.absent()).collect());
    let calls = budgets.iter().filter_map(|raw| raw.calls.peek());
    gather("match", calls.map(|raw| raw.absent()).collect());
    let access = list(raw.access);
    gather("access", access.iter().map(|raw| raw.absent()).collect());
    let who = access.iter().filter_map(|raw| raw.who.peek());
    gather("access.match", who.map(|raw| raw.absent()).collect());
    let features = access.iter().filter_map(|raw| raw.features.peek());
    gather("features", features.map(|raw| raw.absent()).collect());
    gather("regions", list(raw.regions).iter().map(|raw| raw.absent()).collect());
    let ceilings = budgets.iter().filter_map(|raw| raw.per_call.peek());
    gather("per_call", ceilings.map(|raw| raw.absent()).collect());
    let limits = budgets.iter().flat_map(|raw| list(raw.limits.clone()));
    gather("limits", limits.map(|raw| raw.absent()).collect());
    let grants = budgets.into_iter().flat_map(|raw| list(raw.grants));
    gather("grants", grants.map(|raw| raw.absent()).collect());
    gather("rates", list(raw.rates).iter().map(|raw| raw.absent()).collect());
    gather("prices", list(raw.prices).iter().map(|raw| raw.absent()).collect());
    gather("seal", raw.seal.value().iter().map(|raw| raw.absent()).collect());
    let stores: Vec<&RawStore> = raw.store.peek().into_iter().chain(stores).collect();
    gather("store", stores.iter().map(|raw| raw.absent()).collect());
    let sentinels = stores.iter().filter_map(|raw| raw.sentinel.peek());
    gather("sentinel", sentinels.map(|raw| raw.absent()).collect());
    let cas = stores.iter().filter_map(|raw| match raw.tls.peek() {
        Some(RawStoreTls::Ca(raw)) => Some(raw.absent()),
        _ => None,
    });
    gather("store.tls", cas.collect());
    gather("webhook", raw.webhook.peek().iter().map(|raw| raw.absent()).collect());
    let dns = raw.dns.value();
    gather("dns", dns.iter().map(|raw| raw.absent()).collect());
    let anchors = dns.iter().filter_map(|raw| match raw.dnssec.peek() {
        Some(RawDnssec::Anchors(raw)) => Some(raw.absent()),
        _ => None,
    });
    gather("dnssec", anchors.collect());
    gather("limits", raw.limits.value().iter().map(|raw| raw.absent()).collect());
    missing
}
