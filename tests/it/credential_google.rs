//! Google's access tokens: for a service account's key, from the metadata server, and for somebody
//! else's token.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use serde_json::{Value, json};
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

use crate::support::leases::{LIFE, Leases, bearer};
use crate::support::provider::{arrived, simulate};
use crate::support::speak::{refused, serves};
use crate::support::{Config, Fake, Gateway, Provider, Running, Said, ask};

/// Made for these tests; it opens nothing.
const KEY: &str = include_str!("support/account.key");
const TOKEN: &str = "ya29.canary";
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

async fn vertex() -> Running {
    simulate(Provider::Gemini, TOKEN).await
}

async fn gateway(
    simulator: &Running,
    google: &str,
    files: &[(&str, String)],
    environment: &[(&str, &str)],
) -> Gateway {
    let vendor = "vendor: vertex-gemini, project: p, location: eu";
    let credential = format!("{{ google: {{ {google} }} }}");
    let config = Config::new()
        .files(files)
        .backend_shown("vertex", &simulator.base_url(), vendor, &credential)
        .route("models: ['*'], backends: [vertex]");
    Gateway::start_with(config, environment).await
}

/// The claims of a JWT that was signed with the key.
fn verified(jwt: &str) -> Value {
    let der = PrivatePkcs8KeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
    let key = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap();
    let key =
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key().as_ref().to_vec());
    let (signed, signature) = jwt.rsplit_once('.').unwrap();
    key.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let read = |part: &str| -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    assert_eq!(read(header), json!({"alg": "RS256", "typ": "JWT", "kid": "key-1"}));
    read(claims)
}

#[tokio::test]
async fn a_service_accounts_key_is_exchanged_for_tokens() {
    let vertex = vertex().await;
    let fake = Fake::start(|_| Said::token(TOKEN, 3600)).await;
    let file = json!({
        "type": "service_account", "project_id": "p", "private_key_id": "key-1",
        "private_key": KEY, "client_email": "egret@p.iam.gserviceaccount.com",
        "token_uri": fake.url("/token"),
    });
    let gateway = gateway(&vertex, "file: key.json", &[("key.json", file.to_string())], &[]).await;
    serves(&gateway, &vertex, TOKEN).await;
    assert_eq!(fake.count(), 1);
    let form = fake.received()[0].form();
    assert_eq!(form["grant_type"], "urn:ietf:params:oauth:grant-type:jwt-bearer");
    let claims = verified(&form["assertion"]);
    assert_eq!(claims["iss"], "egret@p.iam.gserviceaccount.com");
    assert_eq!(claims["aud"], fake.url("/token"));
    assert_eq!(claims["scope"], SCOPE);
    let (iat, exp) = (claims["iat"].as_u64().unwrap(), claims["exp"].as_u64().unwrap());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    assert!(iat <= now && now - iat < 300 && exp - iat == 3600, "{claims}");
}

/// Tokens of a few seconds each: calls go on, and none carries one that has expired.
#[tokio::test]
async fn tokens_are_renewed_and_not_shown_beyond_their_end() {
    let leases = Leases::at(vertex().await);
    let fake = Fake::start({
        let leases = leases.clone();
        move |_| Said::token(&leases.mint("ya29.canary-").0, LIFE)
    })
    .await;
    let file = json!({
        "type": "service_account", "private_key": KEY,
        "client_email": "egret@p.iam.gserviceaccount.com", "token_uri": fake.url("/token"),
    });
    let files = [("key.json", file.to_string())];
    let gateway = gateway(&leases.backend, "file: key.json", &files, &[]).await;
    let call = || ask(&gateway, Provider::Gemini, "gemini-2.5-flash", "x", false);
    leases.outlived(call, bearer).await;
}

#[tokio::test]
async fn the_metadata_server_gives_tokens_and_must_be_googles() {
    let vertex = vertex().await;
    let google = Fake::start(|received| {
        assert_eq!(received.header("metadata-flavor"), "Google");
        Said::token(TOKEN, 3600).header("metadata-flavor", "Google")
    })
    .await;
    let other = Fake::start(|_| Said::token(TOKEN, 3600)).await;
    let wrong = gateway(&vertex, &format!("metadata_url: '{}'", other.url("")), &[], &[]).await;
    let answer = ask(&wrong, Provider::Gemini, "gemini-2.5-flash", "x", false).await;
    assert!(refused(Provider::Gemini, &answer, 500).contains("no credential"));
    assert_eq!(arrived(&vertex), 0);

    let own = format!("metadata_url: '{}', scope: 'a b'", google.url(""));
    let own = gateway(&vertex, &own, &[], &[]).await;
    serves(&own, &vertex, TOKEN).await;
    let asked = &google.received()[0];
    assert_eq!(asked.path, "/computeMetadata/v1/instance/service-accounts/default/token");
    assert_eq!(asked.parameters()["scopes"], "a,b");
}

#[tokio::test]
async fn the_environment_says_where_tokens_come_from() {
    let vertex = vertex().await;
    let fake = Fake::start(|_| Said::token(TOKEN, 3600).header("metadata-flavor", "Google")).await;
    let host = fake.url("").replace("http://", "");
    let gateway = gateway(&vertex, "", &[], &[("GCE_METADATA_HOST", &host)]).await;
    serves(&gateway, &vertex, TOKEN).await;
}

/// Workload identity federation: a token in a file, for one of Google's, for an account's.
#[tokio::test]
async fn somebody_elses_token_is_exchanged_and_stands_in_for_an_account() {
    let vertex = vertex().await;
    let fake = Fake::start(|received| match &*received.path {
        "/sts" => {
            let form = received.form();
            assert_eq!(form["grant_type"], "urn:ietf:params:oauth:grant-type:token-exchange");
            assert_eq!(form["audience"], "//iam.googleapis.com/projects/1/pool/provider");
            assert_eq!(form["subject_token"], "canary.of.kubernetes");
            assert_eq!(form["subject_token_type"], "urn:ietf:params:oauth:token-type:jwt");
            assert_eq!(form["scope"], SCOPE);
            Said::token("canary-federated", 3600)
        }
        "/account:generateAccessToken" => {
            assert_eq!(received.header("authorization"), "Bearer canary-federated");
            let asked: Value = serde_json::from_str(&received.body).unwrap();
            assert_eq!(asked, json!({"scope": ["only-this"], "lifetime": "1800s"}));
            let body = json!({"accessToken": TOKEN, "expireTime": "2099-01-01T00:00:00Z"});
            Said::new(200, body.to_string())
        }
        _ => Said::new(404, ""),
    })
    .await;
    let file = json!({
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/1/pool/provider",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": fake.url("/sts"),
        "service_account_impersonation_url": fake.url("/account:generateAccessToken"),
        "service_account_impersonation": { "token_lifetime_seconds": 1800 },
        "credential_source": {
            "file": "TOKEN", "format": { "type": "json", "subject_token_field_name": "token" },
        },
    });
    let config = Config::new();
    let token = config.write("token.json", r#"{"token":"canary.of.kubernetes"}"#);
    let file = file.to_string().replace("TOKEN", &token.display().to_string());
    let gateway =
        gateway(&vertex, "file: account.json, scope: only-this", &[("account.json", file)], &[])
            .await;
    serves(&gateway, &vertex, TOKEN).await;
    assert_eq!(fake.count(), 2);
}
