//! ServiceAccount tokens instead of keys: who is let in, and everything that is not.

use egret::simulator::{Provider, Running};
use serde_json::{Value, json};

use crate::support::issuer::{
    AUDIENCE, ISSUER, Signer, base64url, but, jwks, now, service_account,
};
use crate::support::provider::{all, arrived, model, simulate};
use crate::support::speak::{request, send, with_token};
use crate::support::{Config, Gateway, until};

/// A gateway that believes the keys in `jwks.json`, and counts what each service account spends.
async fn gateway(simulators: &[&Running], signers: &[&Signer], more: &str) -> Gateway {
    of_set(simulators, &jwks(signers), more).await
}

/// The same with a key set of the test's own.
async fn of_set(simulators: &[&Running], set: &str, more: &str) -> Gateway {
    let config = Config::serving(simulators)
        .with(&format!(
            "identity: {{ kubernetes: {{ issuer: '{ISSUER}', audience: {AUDIENCE}, \
             jwks: {{ file: jwks.json }}, unlisted: allow }} }}"
        ))
        .with("budgets: [{ name: daily, per: [namespace, service_account], limit: 10 USD, window: day }]")
        .with(more);
    config.write("jwks.json", set);
    Gateway::start(config).await
}

#[tokio::test]
async fn a_token_is_the_api_key_of_every_sdk() {
    let simulators = all().await;
    let signer = Signer::rsa("cluster");
    let gateway = gateway(&simulators.each_ref(), &[&signer], "").await;
    let token = signer.token(&service_account("shop", "checkout"));

    for simulator in &simulators {
        let provider = simulator.provider();
        let header = match provider {
            Provider::OpenAi => ("authorization", format!("Bearer {token}")),
            Provider::Claude => ("x-api-key", token.clone()),
            Provider::Gemini => ("x-goog-api-key", token.clone()),
        };
        let asked = request(&gateway.client, &gateway, provider, model(provider), "hello", true);
        let answer = send(asked.header(header.0, header.1)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        // S-41: it goes no further.
        for arrival in simulator.journal().read() {
            assert!(!format!("{arrival:?}").contains(&token), "{provider:?} was shown the token");
        }
    }
    let metrics = gateway.settled().await;
    let place = ["namespace=\"shop\"", "serviceAccount=\"checkout\"", "caller=\"shop/checkout\""];
    assert_eq!(metrics.count("egret_requests_total", &place), 3);
    let recognised = ["method=\"kubernetes\"", "result=\"ok\""];
    assert_eq!(metrics.count("egret_authentications_total", &recognised), 3);
    assert!(metrics.sum("egret_budget_spent", &["of=\"shop,checkout\""]) > 0.0);
    let line = r#""caller":"shop/checkout","namespace":"shop","service_account":"checkout""#;
    until("three lines are logged", async || gateway.output().matches(line).count() == 3).await;
    assert!(!gateway.output().contains(&token), "the token is in a log");
}

#[tokio::test]
async fn every_kind_of_key_verifies() {
    let simulator = simulate(Provider::OpenAi, "sk-canary").await;
    let signers = [Signer::rsa("a"), Signer::p256("b"), Signer::p384("c"), Signer::ed25519("d")];
    let gateway = gateway(&[&simulator], &signers.each_ref(), "").await;
    for signer in &signers {
        let token = signer.token(&service_account("shop", "checkout"));
        assert_eq!(with_token(&gateway, &token).await.status, 200, "{}", signer.algorithm());
    }
}

/// Whatever a token or a key set call it, a key on one curve verifies nothing that is signed on
/// another, or with its own hash for another's.
#[tokio::test]
async fn a_signature_on_another_curve_is_refused() {
    let simulator = simulate(Provider::OpenAi, "sk-canary").await;
    let signers = [Signer::p256("short"), Signer::p384("long")];
    let [short, long] = signers.each_ref().map(Signer::jwk);
    let keys = [
        but(short.clone(), json!({"kid": "short as long", "crv": "P-384", "alg": null})),
        but(long.clone(), json!({"kid": "long as short", "crv": "P-256", "alg": null})),
        but(long.clone(), json!({"kid": "long as longer", "crv": "P-521", "alg": null})),
        but(long.clone(), json!({"kid": "long for short", "alg": "ES256"})),
        but(long.clone(), json!({"kid": "off the curve", "x": base64url([1; 48])})),
        short,
        long,
    ];
    let set = json!({ "keys": keys }).to_string();
    let gateway = of_set(&[&simulator], &set, "").await;
    let claims = service_account("shop", "checkout").to_string();
    for key in &keys {
        for signer in &signers {
            for algorithm in ["ES256", "ES384", "ES512"] {
                let header = json!({"alg": algorithm, "kid": key["kid"]}).to_string();
                let answer = with_token(&gateway, &signer.token_of(&header, &claims)).await;
                let right = key["kid"] == *signer.kid && algorithm == signer.algorithm();
                let expected = if right { 200 } else { 401 };
                assert_eq!(answer.status, expected, "{header} by {}", signer.kid);
            }
        }
    }
    assert_eq!(arrived(&simulator), 2);
}

/// A token with another signature, or none.
fn resigned(token: &str, header: &str, signature: &[u8]) -> String {
    let claims = token.split('.').nth(1).unwrap();
    format!("{}.{claims}.{}", base64url(header), base64url(signature))
}

fn hmac(key: &[u8], message: &str) -> Vec<u8> {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key);
    ring::hmac::sign(&key, message.as_bytes()).as_ref().to_vec()
}

/// Tokens that have something wrong with them, and what the caller is told.
fn hostile(signer: &Signer) -> Vec<(&'static str, String, &'static str)> {
    let claims = service_account("shop", "checkout");
    let good = signer.token(&claims);
    let stranger = Signer::p256(&signer.kid);
    let (kid, alg) = (&signer.kid, signer.algorithm());
    let header = |more: &Value| but(json!({"alg": alg, "kid": kid}), more.clone()).to_string();
    let text = claims.to_string();
    let with = |changes: Value| signer.token(&but(claims.clone(), changes));
    let public = signer.jwk();
    let x = public["x"].as_str().unwrap();
    let confused = json!({"alg": "HS256", "kid": kid}).to_string();
    let signed = format!("{}.{}", base64url(&confused), base64url(&text));
    let cut = good.rsplit_once('.').unwrap().0.to_owned();
    let others = signer.token(&service_account("bank", "treasury"));
    let changed =
        format!("{}.{}", others.rsplit_once('.').unwrap().0, good.rsplit_once('.').unwrap().1);
    let twice = text.replacen("{", &format!("{{\"aud\":\"{AUDIENCE}\","), 1);
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));

    vec![
        ("alg none", resigned(&good, r#"{"alg":"none"}"#, b""), "not signed in a way"),
        ("alg nOnE", resigned(&good, r#"{"alg":"nOnE"}"#, b""), "not signed in a way"),
        ("alg empty", resigned(&good, r#"{"alg":""}"#, b""), "not signed in a way"),
        (
            "HS256 by the public key",
            format!("{signed}.{}", base64url(hmac(x.as_bytes(), &signed))),
            "not signed in a way",
        ),
        (
            "HS256 by the key set",
            format!("{signed}.{}", base64url(hmac(jwks(&[signer]).as_bytes(), &signed))),
            "not signed in a way",
        ),
        (
            "another algorithm than the key's",
            signer.token_of(&header(&json!({"alg": "RS256"})), &text),
            "signature",
        ),
        ("no signature", format!("{cut}."), "signature"),
        ("changed claims", changed, "signature of the token does not hold"),
        ("another key of the same name", stranger.token(&claims), "signature"),
        (
            "a key that nobody has",
            signer.token_of(&header(&json!({"kid": "other"})), &text),
            "does not name",
        ),
        (
            "a path as a key",
            signer.token_of(&header(&json!({"kid": "../../dev/null"})), &text),
            "does not name",
        ),
        (
            "a key of its own",
            stranger.token_of(&header(&json!({"jwk": stranger.jwk()})), &text),
            "signature",
        ),
        (
            "keys from elsewhere",
            stranger.token_of(
                &header(&json!({"jku": "https://evil.example/", "x5u": "https://evil.example/"})),
                &text,
            ),
            "signature",
        ),
        ("an extension", signer.token_of(&header(&json!({"crit": ["exp"]})), &text), "extension"),
        ("a logout", signer.token_of(&header(&json!({"typ": "logout+jwt"})), &text), "type"),
        (
            "two algorithms",
            signer.token_of(&format!(r#"{{"alg":"{alg}","alg":"none","kid":"{kid}"}}"#), &text),
            "can't be read",
        ),
        ("a claim twice", signer.token_of(&header(&json!({})), &twice), "can't be read"),
        (
            "another audience",
            with(json!({"aud": ["https://kubernetes.default.svc"]})),
            "someone else",
        ),
        ("no audience", with(json!({"aud": null})), "someone else"),
        ("half an audience", with(json!({"aud": "egre"})), "someone else"),
        ("another issuer", with(json!({"iss": "https://evil.example"})), "not trusted"),
        ("an issuer with a slash", with(json!({"iss": format!("{ISSUER}/")})), "not trusted"),
        ("no issuer", with(json!({"iss": null})), "not trusted"),
        ("expired", with(json!({"exp": now() - 60})), "has expired"),
        ("no end", with(json!({"exp": null})), "never expires"),
        ("an end in words", with(json!({"exp": "tomorrow"})), "no number"),
        ("not yet", with(json!({"nbf": now() + 3600})), "not count yet"),
        (
            "another subject",
            with(json!({"sub": "system:serviceaccount:shop:admin"})),
            "name the same",
        ),
        ("a user", with(json!({"sub": "system:admin"})), "name the same"),
        ("nothing of Kubernetes'", with(json!({"kubernetes.io": null})), "name the same"),
        (
            "a namespace with a colon",
            signer.token(&but(
                service_account("a:b", "c"),
                json!({"sub": "system:serviceaccount:a:b:c"}),
            )),
            "name the same",
        ),
        (
            "a namespace with a line break",
            signer.token(&service_account("a\r\nb", "c")),
            "name the same",
        ),
        ("too deep", signer.token_of(&header(&json!({})), &deep), "can't be read"),
        (
            "too long",
            signer.token(&but(claims.clone(), json!({"x": "x".repeat(17_000)}))),
            "longer",
        ),
        ("a list of claims", signer.token_of(&header(&json!({})), "[]"), "can't be read"),
        ("a spelling with bits to spare", spelled_otherwise(&good), "can't be read"),
    ]
}

/// The same token, but for bits at its end that nobody reads.
fn spelled_otherwise(token: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (rest, last) = token.split_at(token.len() - 1);
    let at = ALPHABET.iter().position(|it| *it == last.as_bytes()[0]).unwrap();
    format!("{rest}{}", char::from(ALPHABET[at ^ 1]))
}

#[tokio::test]
async fn hostile_tokens_are_refused_in_words() {
    let simulator = simulate(Provider::OpenAi, "sk-canary").await;
    let signer = Signer::p256("cluster");
    let gateway = gateway(&[&simulator], &[&signer], "").await;
    let good = signer.token(&service_account("shop", "checkout"));
    for (what, token, told) in hostile(&signer) {
        let answer = with_token(&gateway, &token).await;
        assert_eq!(answer.status, 401, "{what}: {}", answer.text);
        let message = answer.json()["error"]["message"].as_str().unwrap_or_default().to_owned();
        assert!(message.contains(told), "{what}: {message}");
        assert!(!message.contains(&token), "{what}: it repeats the token");
        assert_eq!(arrived(&simulator), 0, "{what}");
    }
    assert_eq!(with_token(&gateway, &good).await.status, 200);
    let metrics = gateway.settled().await;
    let why = |reason: &str| {
        let labels = ["method=\"kubernetes\"".to_owned(), format!("result=\"{reason}\"")];
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        metrics.count("egret_authentications_total", &labels)
    };
    assert_eq!((why("token_expired"), why("token_audience"), why("ok")), (2, 3, 1));
}

/// S-13: what is remembered of a token is remembered under all of it.
#[tokio::test]
async fn s_13_tokens_that_begin_alike_are_two_callers() {
    let simulator = simulate(Provider::OpenAi, "sk-canary").await;
    let signer = Signer::ed25519("cluster");
    let gateway = gateway(&[&simulator], &[&signer], "").await;
    // The first claims are long and the same, so that the tokens differ at their ends only.
    let of = |name: &str| {
        let claims = service_account("shop", name).to_string();
        let claims = claims.replacen('{', &format!("{{\"a\":\"{}\",", "x".repeat(400)), 1);
        let header = json!({"alg": signer.algorithm(), "kid": signer.kid}).to_string();
        signer.token_of(&header, &claims)
    };
    let (one, other) = (of("checkout"), of("search"));
    assert_eq!(one[..200], other[..200]);
    for token in [&one, &other, &one, &other] {
        assert_eq!(with_token(&gateway, token).await.status, 200);
    }
    let mut cut = one.clone();
    cut.truncate(one.len() - 4);
    assert_eq!(with_token(&gateway, &cut).await.status, 401);
    let metrics = gateway.settled().await;
    let of =
        |name: &str| metrics.count("egret_requests_total", &[&format!("caller=\"shop/{name}\"")]);
    assert_eq!((of("checkout"), of("search")), (2, 2));
}

#[tokio::test]
async fn callers_of_the_configuration_are_named_by_what_they_prove() {
    let simulator = simulate(Provider::OpenAi, "sk-canary").await;
    let signer = Signer::p256("cluster");
    let more = "callers:\n  \
                - { name: till, group: retail, identity: { service_account: shop/checkout }, models: [gpt-4o] }\n  \
                - { name: labs, identity: { service_account: 'lab/*' }, labels: { tier: free } }\n  \
                - { name: shop/taken, identity: { issuer: kubernetes, subject: nobody } }";
    let gateway = gateway(&[&simulator], &[&signer], more).await;
    let ask = async |namespace: &str, name: &str| {
        let token = signer.token(&service_account(namespace, name));
        with_token(&gateway, &token).await
    };
    let refused = ask("shop", "checkout").await;
    assert_eq!(refused.status, 403, "it may use gpt-4o only: {}", refused.text);
    assert_eq!(ask("lab", "one").await.status, 200);
    assert_eq!(ask("lab", "two").await.status, 200);
    assert_eq!(ask("labs", "one").await.status, 200);
    let taken = ask("shop", "taken").await;
    assert_eq!(taken.status, 401, "somebody else's name: {}", taken.text);

    let metrics = gateway.settled().await;
    let labs = ["caller=\"labs\"", "namespace=\"lab\"", "code=\"200\""];
    assert_eq!(metrics.count("egret_requests_total", &labs), 2);
    assert_eq!(metrics.count("egret_requests_total", &["caller=\"labs/one\"", "code=\"200\""]), 1);
    assert_eq!(metrics.count("egret_requests_total", &["caller=\"till\"", "code=\"403\""]), 1);
}

/// What a caller says of itself in a header makes it nobody else.
#[tokio::test]
async fn headers_name_nobody() {
    let simulator = simulate(Provider::OpenAi, "sk-canary").await;
    let signer = Signer::p256("cluster");
    let gateway = gateway(&[&simulator], &[&signer], "").await;
    let token = signer.token(&service_account("shop", "checkout"));
    let provider = Provider::OpenAi;
    let headers = [
        ("x-forwarded-client-cert", "URI=spiffe://cluster.local/ns/bank/sa/treasury"),
        ("x-remote-user", "system:serviceaccount:bank:treasury"),
        ("x-egret-caller", "bank/treasury"),
        ("x-forwarded-user", "bank/treasury"),
    ];
    let with_headers = |asked: reqwest::RequestBuilder| {
        headers.iter().fold(asked, |asked, (name, value)| asked.header(*name, *value))
    };
    let ask = || request(&gateway.client, &gateway, provider, model(provider), "hello", false);
    assert_eq!(send(with_headers(ask())).await.status, 401);
    assert_eq!(send(with_headers(ask()).bearer_auth(&token)).await.status, 200);
    let metrics = gateway.settled().await;
    assert_eq!(metrics.count("egret_requests_total", &["namespace=\"bank\""]), 0);
    assert_eq!(metrics.count("egret_requests_total", &["namespace=\"shop\"", "code=\"200\""]), 1);
}

/// S-52: an issuer may know more callers than one can keep series of. Those that the configuration
/// names are told all the same, however late they come.
#[tokio::test]
async fn s_52_metrics_of_identities_have_a_bound() {
    let simulator = simulate(Provider::OpenAi, "sk-canary").await;
    let signer = Signer::ed25519("cluster");
    let more = "callers:\n  \
                - { name: till, identity: { service_account: shop/checkout } }\n  \
                - { name: labs, identity: { service_account: 'lab/*' } }\n\
                access:\n  \
                - { match: { namespace: [bank, '*'] } }\n  \
                - { match: { caller: vault/keeper } }";
    let gateway = gateway(&[&simulator], &[&signer], more).await;
    let list = async |namespace: &str, name: &str| {
        let token = signer.token(&service_account(namespace, name));
        let listed = gateway.client.get(gateway.url("/v1/models")).bearer_auth(&token);
        assert_eq!(send(listed).await.status, 200);
    };
    for number in 0..1_010 {
        list("many", &format!("worker-{number}")).await;
    }
    let expected = [
        ("shop", "checkout", ["till", "shop", "checkout"]),
        ("lab", "one", ["labs", "lab", "(other)"]),
        ("lab", "two", ["labs", "lab", "(other)"]),
        ("bank", "treasury", ["(other)", "bank", "(other)"]),
        ("vault", "keeper", ["vault/keeper", "(other)", "(other)"]),
        ("many", "checkout", ["(other)", "(other)", "checkout"]),
    ];
    for (namespace, name, _) in expected {
        list(namespace, name).await;
    }
    let metrics = gateway.settled().await;
    let of = metrics.0.lines().filter(|line| line.starts_with("egret_requests_total{"));
    assert_eq!(of.filter(|line| line.contains("caller=\"many/")).count(), 1_000);
    let told = |[caller, namespace, account]: [&str; 3]| {
        let labels = [
            format!("caller=\"{caller}\""),
            format!("namespace=\"{namespace}\""),
            format!("serviceAccount=\"{account}\""),
        ];
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        metrics.count("egret_requests_total", &labels)
    };
    assert_eq!(told(["(other)"; 3]), 10);
    for (namespace, name, labels) in expected {
        let same = expected.iter().filter(|(.., other)| *other == labels).count();
        assert_eq!(told(labels), u64::try_from(same).unwrap(), "{namespace}/{name}");
    }
}
