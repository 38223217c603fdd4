#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod broken;
mod good;
mod identity;
mod money;
mod regions;
mod reload;

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, IsCa, Issuer,
    KeyIdMethod, KeyPair, SerialNumber, date_time_ymd,
};
use tempfile::TempDir;
use tokio_rustls::rustls::crypto::ring;

use super::resolve::Surroundings;
use super::source::LoadError;
use crate::snapshot::Snapshot;

/// The environment of every test here.
const ENVIRONMENT: [(&str, &str); 19] = [
    ("OPENAI_API_KEY", "sk-openai"),
    ("ANTHROPIC_API_KEY", "sk-claude"),
    ("GEMINI_API_KEY", "sk-gemini"),
    ("CHECKOUT_KEY", "key-of-checkout"),
    ("RESEARCH_KEY", "key-of-research"),
    ("AZURE_API_KEY", "az-key"),
    ("VERTEX_TOKEN", "ya29-token"),
    ("BEDROCK_API_KEY", "aws-key"),
    ("SEAL_KEY", "c2VhbC1vZi1yZWFzb25pbmctZm9yLXRoZS10ZXN0cw"),
    ("REDIS_PASSWORD", "password-of-redis"),
    ("WEBHOOK_TOKEN", "token-of-webhook"),
    ("EGRET_ADMIN_TOKEN", "token-of-admin"),
    ("PROXY_TOKEN", "token-of-proxy"),
    ("BEDROCK_ACCESS_KEY_ID", "AKIDEXAMPLE"),
    ("BEDROCK_SECRET_ACCESS_KEY", "secret-of-amazon"),
    ("AZURE_SECRET", "secret-of-entra"),
    ("IDP_SECRET", "secret-of-idp"),
    ("EMPTY", ""),
    ("SPACED", "sk live"),
];

fn environment(name: &str) -> Option<OsString> {
    let (_, value) = ENVIRONMENT.iter().find(|(known, _)| *known == name)?;
    Some(value.into())
}

/// A directory with the files that the tests' configurations name.
fn files() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &str| {
        fs::write(directory.path().join(name), content).unwrap();
    };
    write("key", "key-of-checkout\n");
    write("other", "other-key");
    write("third", "third-key\r\n");
    write("proxy-user", "egret:pa:ss\n");
    write("empty", "\n");
    write("two-lines", "one\ntwo\n");
    write("huge", &"x".repeat(70_000));
    write("garbage.pem", "garbage");
    // The root's key of 2017.
    write(
        "anchors",
        ". 172800 IN DNSKEY 257 3 8 \
         AwEAAaz/tAm8yTn4Mfeh5eyI96WSVexTBAvkMgJzkKTOiW1vkIbzxeF3+/4RgWOq7HrxRixHlFlExOLAJr5emLvN\
         7SWXgnLh4+B5xQlNVz8Og8kvArMtNROxVQuCaSnIDdD5LKyWbRd2n9WGe2R8PzgCmr3EgVLrjyBxWezF0jLHwVN8\
         efS3rCj/EWgvIWgb9tarpVUDK/b58Da+sqqls3eNbuv7pr+eoZG+SrDK6nWeL3c6H5Apxz7LjVc1uTIdsIXxuOLY\
         A4/ilBmSVIzuDWfdRUfhHdY6+cn8HFRm+2hM8AnXGXws9555KrUB5qihylGa8subX2Nn6UwNR1AkUTV74bU=\n",
    );
    write("token", "token-of-somebody");
    let user =
        r#"{"type":"authorized_user","client_id":"a","client_secret":"b","refresh_token":"c"}"#;
    write("google.json", user);
    for (name, source) in [
        ("google-aws.json", r#"{"environment_id":"aws1","url":"http://169.254.169.254/x"}"#),
        ("google-nowhere.json", "{}"),
    ] {
        let account = r#"{"type":"external_account","audience":"a","subject_token_type":"t",
            "token_url":"https://sts.googleapis.com/v1/token","credential_source":"#;
        write(name, &format!("{account}{source}}}"));
    }

    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().unwrap();
    write("ca.pem", &authority.self_signed(&authority_key).unwrap().pem());
    let issuer = Issuer::new(authority, authority_key);
    let list = |year| {
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2026, 1, 1),
            next_update: date_time_ymd(year, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: Vec::new(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        list.signed_by(&issuer).unwrap()
    };
    write("root.crl", &list(2046).pem().unwrap());
    write("two.crl", &[list(2046).pem().unwrap(), list(2047).pem().unwrap()].concat());
    fs::write(directory.path().join("der.crl"), list(2048).der()).unwrap();
    let key = KeyPair::generate().unwrap();
    let client = CertificateParams::new(vec!["client.example".to_owned()]).unwrap();
    write("client.pem", &client.self_signed(&key).unwrap().pem());
    write("client.key", &key.serialize_pem());
    write("other.key", &KeyPair::generate().unwrap().serialize_pem());

    write("tls.crt", &client.self_signed(&key).unwrap().pem());
    write("tls.key", &key.serialize_pem());
    fs::copy(directory.path().join("ca.pem"), directory.path().join("workloads.pem")).unwrap();
    write("workloads.crl", &list(2046).pem().unwrap());
    write("token", "token-of-egret");
    write(
        "jwks.json",
        r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#,
    );
    directory
}

fn load(text: &str, directory: &Path) -> Result<Snapshot, LoadError> {
    // As `main` does: clients of the gateway's own are made with the configuration.
    let _ = ring::default_provider().install_default();
    let state = Path::new("/state");
    Snapshot::from_yaml(text, "egret.yaml", &Surroundings { directory, state, env: &environment })
}
