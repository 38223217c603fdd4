//! Who is believed, and what of that a reload keeps.

use std::sync::Arc;

use super::{files, load};
use crate::identity::{Directory, Unlisted};
use crate::snapshot::{Callers, Snapshot};

const RULES: &str = "access: [{ models: ['*'] }]\n";

/// A configuration with this and a listener that asks for certificates.
fn text(more: &str) -> String {
    format!(
        "listeners: [{{ address: 127.0.0.1:8080, tls: {{ certificate: tls.crt, key: tls.key, \
         client_ca: workloads.pem }} }}]\n\
         backends: {{ a: {{ schema: openai, credential: none }} }}\n\
         routes: [{{ models: ['*'], backends: [a] }}]\n{more}"
    )
}

fn directory(snapshot: Snapshot) -> Directory {
    match snapshot.callers {
        Callers::Known(directory) => *directory,
        Callers::Anyone => panic!("anyone"),
    }
}

/// Whom an issuer lets in goes by the callers that could be one of its own.
#[test]
fn a_name_of_a_certificate_lists_nobody_for_tokens() {
    let files = files();
    let identity = "identity:\n  \
        kubernetes: { issuer: 'https://k.example', audience: egret, jwks: { file: jwks.json } }\n  \
        mtls: { trust_domains: [cluster.local] }\n";
    let (allow, refuse) = (Unlisted::Allow, Unlisted::Refuse);
    for (proof, kubernetes, mtls) in [
        ("san: 'dns:legacy.internal'", allow, refuse),
        ("issuer: mtls, san: 'dns:legacy.internal'", allow, refuse),
        ("service_account: shop/till", refuse, refuse),
        ("issuer: kubernetes, service_account: shop/till", refuse, allow),
        ("issuer: mtls, service_account: shop/till", allow, refuse),
    ] {
        let callers = format!("callers: [{{ name: x, identity: {{ {proof} }} }}]\n");
        let text = text(&format!("{identity}{RULES}{callers}"));
        let found = directory(load(&text, files.path()).unwrap_or_else(|error| panic!("{error}")));
        assert_eq!(found.issuers()[0].unlisted, kubernetes, "{proof}");
        assert_eq!(found.certificates().unwrap().unlisted, mtls, "{proof}");
    }
    let callers = "callers: [{ name: x, identity: { san: 'dns:legacy.internal' } }]\n";
    let error = load(&text(&format!("{identity}{callers}")), files.path()).unwrap_err().to_string();
    assert!(error.contains("nobody may call by `kubernetes`"), "{error}");
    assert!(!error.contains("nobody may call by `mtls`"), "{error}");
}

/// The keys of one source are not taken for those of another.
#[test]
fn a_reload_keeps_the_keys_of_the_same_source_only() {
    let files = files();
    let of = |jwks: &str| {
        let identity = format!(
            "identity: {{ jwt: [{{ name: corp, issuer: 'https://k.example', audience: egret, \
             unlisted: allow{jwks} }}] }}\n"
        );
        let loaded = load(&text(&identity), files.path());
        directory(loaded.unwrap_or_else(|error| panic!("{error}")))
    };
    let sources = [
        "",
        ", jwks: { url: 'https://k.example' }",
        ", jwks: { url: 'https://k.example', refresh: 1m }",
        ", jwks: { url: 'https://k.example', token: { file: token } }",
        ", jwks: { url: 'https://k.example', ca: ca.pem }",
        ", jwks: { file: jwks.json }",
    ];
    for (position, old) in sources.iter().enumerate() {
        for (other, new) in sources.iter().enumerate() {
            let (old_one, mut new_one) = (of(old), of(new));
            new_one.take_over(&old_one);
            let [old_keys, new_keys] = [&old_one, &new_one].map(|it| it.keyrings().next().unwrap());
            assert_eq!(Arc::ptr_eq(old_keys, new_keys), position == other, "{old} to {new}");
        }
    }
}
