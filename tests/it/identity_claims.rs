//! Claims of tokens: where they are, and what the groups in them allow.

use egret::simulator::{Provider, Running};
use serde_json::{Value, json};

use crate::support::issuer::{Signer, but, jwks, now};
use crate::support::provider::{arrived, simulate};
use crate::support::speak::with_token;
use crate::support::{Config, Gateway, until};

const CORP: &str = "https://login.example";

/// A gateway that goes by these claims of its issuer's tokens.
async fn gateway(simulator: &Running, signer: &Signer, claims: &str, more: &str) -> Gateway {
    let identity = format!(
        "identity: {{ jwt: [{{ name: corp, issuer: '{CORP}', audience: egret, \
         jwks: {{ file: jwks.json }}, unlisted: allow, claims: {{ {claims} }} }}] }}"
    );
    let config = Config::serving(&[simulator])
        .with(&identity)
        .with("budgets: [{ name: teams, per: [group, 'label:team'], limit: 10 USD, window: day }]")
        .with(more)
        .files(&[("jwks.json", jwks(&[signer]))]);
    Gateway::start(config).await
}

/// The claims of a token, and these besides.
fn claims(more: Value) -> Value {
    but(json!({"iss": CORP, "aud": "egret", "exp": now() + 600, "sub": "ada"}), more)
}

/// As Keycloak nests them, and with dots and slashes in their names.
#[tokio::test]
async fn claims_may_be_nested_and_have_dots_in_their_names() {
    let simulator = simulate(Provider::OpenAi, "sk-canary").await;
    let signer = Signer::p256("one");
    let paths = "caller: [account, user.name], group: [realm_access, roles], \
                 namespace: ['https://corp/claims', space], service_account: ['https://corp/app'], \
                 labels: { team: [org, cost.center] }";
    let gateway = gateway(&simulator, &signer, paths, "").await;
    let nested = json!({
        "account": {"user.name": "ada", "user": {"name": "someone else"}},
        "realm_access": {"roles": ["dev", "offline_access"]},
        "https://corp/claims": {"space": "lab"},
        "https://corp/app": "till",
        "org": {"cost.center": "4711"},
        "realm_access.roles": ["root"],
        "account.user.name": "root",
    });
    let answer = with_token(&gateway, &signer.token(&claims(nested.clone()))).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let metrics = gateway.settled().await;
    let named = ["caller=\"corp:ada\"", "namespace=\"lab\"", "serviceAccount=\"till\""];
    assert_eq!(metrics.count("egret_requests_total", &named), 1);
    assert!(metrics.sum("egret_budget_spent", &["of=\"dev,4711\""]) > 0.0, "{}", metrics.0);

    // What is somewhere else is not there; nobody without a name gets in.
    for account in [json!(null), json!("ada"), json!({"user": {"name": "ada"}}), json!(["ada"])] {
        let token = signer.token(&but(claims(nested.clone()), json!({ "account": account })));
        let answer = with_token(&gateway, &token).await;
        assert_eq!(answer.status, 401, "{account}");
        assert!(answer.text.contains("account / user.name"), "{}", answer.text);
    }
    let elsewhere = but(claims(nested), json!({"realm_access": ["dev"]}));
    assert_eq!(with_token(&gateway, &signer.token(&elsewhere)).await.status, 200);
    let metrics = gateway.settled().await;
    assert!(metrics.sum("egret_budget_spent", &["of=\",4711\""]) > 0.0, "{}", metrics.0);
}

/// All of a caller's groups count for what it may do and where, the first for what it spends.
#[tokio::test]
async fn any_group_of_a_token_may_fit_a_rule() {
    let simulator = simulate(Provider::OpenAi, "sk-canary").await;
    let signer = Signer::p256("one");
    let rules = "callers: [{ name: bob, group: guests, identity: { issuer: corp, subject: bob } }]\n\
                 access:\n  \
                 - { match: { group: [web, 'team-*'] }, models: ['gpt-*'] }\n\
                 regions: [{ match: { group: traders }, allow: [eu] }]";
    let gateway = gateway(&simulator, &signer, "group: groups", rules).await;
    let ask = async |who: &str, groups: Value| {
        let before = arrived(&simulator);
        let token = signer.token(&claims(json!({"sub": who, "groups": groups})));
        let answer = with_token(&gateway, &token).await;
        let served = arrived(&simulator) - before;
        assert_eq!(served, usize::from(answer.status == 200), "{}", answer.text);
        let why = if answer.status == 200 { Value::Null } else { answer.json() };
        (answer.status, why["error"]["code"].as_str().unwrap_or_default().to_owned())
    };
    let (allowed, access) = ((200, String::new()), (403, "access".to_owned()));
    for (groups, expected) in [
        (json!("web"), &allowed),
        (json!(["web", "staff"]), &allowed),
        (json!(["staff", "all", "team-blue"]), &allowed),
        (json!(["staff", "Web", "teams", "xteam-blue"]), &access),
        (json!(["staff"]), &access),
        (json!("staff web"), &access),
        (json!([]), &access),
        (json!(null), &access),
        // Wherever it stands, it holds the caller to its regions, and nobody knows the backend's.
        (json!(["traders", "web"]), &(403, "region".to_owned())),
        (json!(["staff", "web", "traders"]), &(403, "region".to_owned())),
    ] {
        assert_eq!(ask("ada", groups.clone()).await, *expected, "{groups}");
    }
    // The operator's word on whose group it is.
    assert_eq!(ask("bob", json!(["staff", "web"])).await, access);
    assert_eq!(ask("ada", json!(["staff", "web"])).await, allowed);

    let metrics = gateway.settled().await;
    let spent = |group: &str| metrics.sum("egret_budget_spent", &[&format!("of=\"{group},\"")]);
    assert!(spent("staff") > 0.0 && spent("web") > 0.0, "{}", metrics.0);
    assert_eq!(spent("team-blue"), 0.0, "{}", metrics.0);
}

/// The first line that the access log has of this caller.
async fn logged(gateway: &Gateway, caller: &str) -> Value {
    let line = || {
        let output = gateway.output();
        let mut lines = output.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.find(|line| line["caller"] == caller)
    };
    until("it is logged", async || line().is_some()).await;
    line().unwrap()
}

/// S-55: group and labels stand in the log as budgets have them, as names: no claim makes a line, a
/// member or a control character, or is longer than a name may be.
#[tokio::test]
async fn s_55_the_log_tells_of_groups_and_labels() {
    let simulator = simulate(Provider::OpenAi, "sk-canary").await;
    let signer = Signer::p256("one");
    let known = "callers: [{ name: bob, group: guests, labels: { team: desk }, \
                 identity: { issuer: corp, subject: bob } }]";
    let paths = "group: groups, labels: { team: department, site: office }";
    let gateway = gateway(&simulator, &signer, paths, known).await;
    let ask = async |more: Value| with_token(&gateway, &signer.token(&claims(more))).await.status;

    let own = json!({"groups": ["dev", "all"], "department": "R&D", "office": 12});
    assert_eq!(ask(own.clone()).await, 200);
    let line = logged(&gateway, "corp:ada").await;
    assert_eq!(
        (&line["group"], &line["labels"]),
        (&json!("dev"), &json!({"team": "R%26D", "site": "12"}))
    );
    // The operator's word on its callers, and what their tokens say besides.
    assert_eq!(ask(but(own, json!({"sub": "bob"}))).await, 200);
    let line = logged(&gateway, "bob").await;
    assert_eq!(
        (&line["group"], &line["labels"]),
        (&json!("guests"), &json!({"team": "desk", "site": "12"}))
    );
    // Of whom nothing is known, nothing is said.
    assert_eq!(ask(json!({"sub": "eve"})).await, 200);
    let line = logged(&gateway, "corp:eve").await;
    assert!(line.get("group").is_none() && line.get("labels").is_none(), "{line}");

    let forged = "x\"},\"forged\":true}\r\n{\"forged\":true}\u{1b}[31m\u{2028}";
    let hostile = json!({"sub": "mallory", "groups": forged, "department": forged});
    assert_eq!(ask(hostile).await, 200);
    let line = logged(&gateway, "corp:mallory").await;
    let name = "x%22%7D%2C%22forged%22:true%7D%0D%0A%7B%22forged%22:true%7D%1B%5B31m%E2%80%A8";
    assert_eq!((&line["group"], &line["labels"]), (&json!(name), &json!({ "team": name })));
    for claim in ["groups", "department"] {
        assert_eq!(ask(json!({"sub": "long", claim: "x".repeat(4_000)})).await, 401, "{claim}");
    }
    // Every line before this one is there when it is.
    assert_eq!(ask(json!({"sub": "last"})).await, 200);
    logged(&gateway, "corp:last").await;
    let output = gateway.output();
    assert!(!output.contains('\u{1b}') && !output.contains(&"x".repeat(400)), "{output}");
    for line in output.lines().filter(|line| line.starts_with('{')) {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(line.get("forged").is_none() && line["time"].is_string(), "{line}");
    }
}
