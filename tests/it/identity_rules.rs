//! Rules of access, regions and rates for those who prove who they are.

use serde_json::{Value, json};

use crate::support::issuer::{AUDIENCE, ISSUER, Signer, jwks, now, service_account};
use crate::support::provider::{arrived, simulate};
use crate::support::speak::{refused, request, send};
use crate::support::{Answer, Config, Gateway, Provider, Running};

/// A gateway that serves `gpt-4o-mini` in Frankfurt and `gpt-4o` in Virginia, under these rules, to
/// whoever has a token of the cluster's or of `corp`'s.
async fn start(rules: &str) -> ([Running; 2], [Signer; 2], Gateway) {
    let (eu, us) =
        (simulate(Provider::OpenAi, "sk-eu").await, simulate(Provider::OpenAi, "sk-us").await);
    let (cluster, corp) = (Signer::p256("cluster"), Signer::p256("corp"));
    let identity = format!(
        "identity:\n  \
         kubernetes: {{ issuer: '{ISSUER}', audience: {AUDIENCE}, jwks: {{ file: cluster.json }} }}\n  \
         jwt: [{{ name: corp, issuer: 'https://login.example', audience: egret, \
         jwks: {{ file: corp.json }}, claims: {{ labels: {{ team: org.team }} }} }}]\n{rules}"
    );
    let config = Config::new()
        .backend_with("eu", &eu, "region: eu-central-1")
        .backend_with("us", &us, "region: us-east-1")
        .route("models: [gpt-4o-mini], backends: [eu]")
        .route("models: [gpt-4o, gpt-5.4], backends: [us]")
        .with(&identity);
    config.write("cluster.json", &jwks(&[&cluster]));
    config.write("corp.json", &jwks(&[&corp]));
    ([eu, us], [cluster, corp], Gateway::start(config).await)
}

async fn turn(gateway: &Gateway, token: &str, model: &str) -> Answer {
    let call = request(&gateway.client, gateway, Provider::OpenAi, model, "hello", false);
    send(call.bearer_auth(token)).await
}

async fn post(gateway: &Gateway, token: &str, body: &Value) -> Answer {
    let post = gateway.client.post(gateway.url("/v1/chat/completions")).bearer_auth(token);
    send(post.header("content-type", "application/json").body(body.to_string())).await
}

/// What is refused of one call takes nothing away from the next.
async fn in_turn(gateway: &Gateway, token: &str, calls: &[(&str, Option<&str>)]) {
    for (model, reason) in calls {
        let answer = turn(gateway, token, model).await;
        match reason {
            None => assert_eq!(answer.status, 200, "{model}: {}", answer.text),
            Some(reason) => {
                let message = refused(Provider::OpenAi, &answer, 403);
                assert!(message.contains(reason), "{model}: {message}");
            }
        }
    }
}

#[tokio::test]
async fn rules_go_by_the_service_account_that_a_token_proves() {
    let ([eu, us], [cluster, _], gateway) = start(
        "access:\n\
         - { match: { namespace: shop, service_account: checkout }, models: [gpt-4o-mini, gpt-4o] }\n\
         regions: [{ match: { service_account: checkout }, allow: [eu] }]\n\
         rates: [{ name: few, per: caller, limit: 3 requests, window: minute }]",
    )
    .await;
    let token = |namespace, name| cluster.token(&service_account(namespace, name));
    let checkout = token("shop", "checkout");
    in_turn(
        &gateway,
        &checkout,
        &[
            ("gpt-4o-mini", None),
            ("gpt-5.4", Some("may not use the model")),
            ("gpt-4o", Some("outside the regions")),
            ("gpt-4o-mini", None),
        ],
    )
    .await;
    for other in [token("shop", "search"), token("lab", "checkout")] {
        in_turn(&gateway, &other, &[("gpt-4o-mini", Some("may not use anything here"))]).await;
    }
    in_turn(&gateway, &checkout, &[("gpt-4o-mini", None)]).await;
    let answer = turn(&gateway, &checkout, "gpt-4o-mini").await;
    assert!(refused(Provider::OpenAi, &answer, 429).contains("rate `few`"));
    assert_eq!((arrived(&eu), arrived(&us)), (3, 0));
    let metrics = gateway.settled().await;
    let named = ["caller=\"shop/checkout\"", "namespace=\"shop\"", "code=\"200\""];
    assert_eq!(metrics.count("egret_requests_total", &named), 3);
}

#[tokio::test]
async fn rules_go_by_the_labels_that_a_token_proves() {
    let ([eu, us], [_, corp], gateway) = start(
        "access:\n\
         - { match: { labels: { team: research } }, models: ['gpt-4o*'], \
         features: { tools: true, hosted_tools: true } }\n\
         - { match: { labels: { team: web } }, features: { tools: true } }\n\
         regions: [{ match: { labels: { team: research } }, allow: [us] }]",
    )
    .await;
    let token = |team: Value| {
        corp.token(&json!({"iss": "https://login.example", "aud": "egret", "exp": now() + 600,
            "sub": "6f2c", "org": {"team": team}}))
    };
    let (research, web) = (token(json!("research")), token(json!("web")));
    in_turn(
        &gateway,
        &research,
        &[
            ("gpt-4o", None),
            ("gpt-5.4", Some("may not use the model")),
            ("gpt-4o-mini", Some("outside the regions")),
            ("gpt-4o", None),
        ],
    )
    .await;
    // The same person with another label, or with none.
    in_turn(&gateway, &web, &[("gpt-4o-mini", None), ("gpt-5.4", None)]).await;
    for nobody in [json!("sales"), Value::Null, json!("Research"), json!(["web2", "web"])] {
        let token = token(nobody);
        in_turn(&gateway, &token, &[("gpt-4o", Some("may not use anything here"))]).await;
    }
    assert_eq!((arrived(&eu), arrived(&us)), (1, 3));

    // What the provider runs itself is served to whom it is allowed, and to nobody else.
    let search = json!({"model": "gpt-4o", "web_search_options": {},
        "messages": [{"role": "user", "content": "hello"}]});
    let message = refused(Provider::OpenAi, &post(&gateway, &web, &search).await, 403);
    assert!(message.contains("may not use hosted_tools"), "{message}");
    assert_eq!(arrived(&us), 3);
    let answer = post(&gateway, &research, &search).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let sent: Value = serde_json::from_slice(&us.journal().last().unwrap().body).unwrap();
    assert_eq!(sent["web_search_options"], json!({}));
    in_turn(&gateway, &web, &[("gpt-5.4", None)]).await;
}
