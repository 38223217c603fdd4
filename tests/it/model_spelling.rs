//! A model that is not on a caller's list stays out of reach under every spelling of its name.

use serde_json::Value;

use crate::support::endpoint::{ALL, Endpoint, models, serving};
use crate::support::provider::{all, arrived, simulate};
use crate::support::raw::{Raw, post};
use crate::support::speak::{body, error, path, send};
use crate::support::{Config, Gateway, Provider};

/// A model of this endpoint's provider that the caller may not use.
fn forbidden(endpoint: &Endpoint) -> &'static str {
    match (endpoint.surface, endpoint.model.contains("embedding")) {
        (Provider::OpenAi, true) => "text-embedding-3-large",
        (Provider::OpenAi, false) => "gpt-5.4",
        (Provider::Claude, _) => "claude-opus-5",
        (Provider::Gemini, _) => "gemini-2.5-pro",
    }
}

/// Names as they stand between the quotes of a string in JSON: of a model that is not allowed, in
/// the company of one that is.
fn spelled(not: &str, allowed: &str) -> Vec<String> {
    let escape = |c: char| format!("\\u{:04x}", u32::from(c));
    let (first, rest) = (not.chars().next().unwrap(), &not[1..]);
    let (last, start) = (not.chars().last().unwrap(), &not[..not.len() - 1]);
    let look_alikes = not.replace('p', "\u{440}").replace('o', "\u{43e}").replace('e', "\u{435}");
    let mut names = vec![
        not.to_owned(),
        not.to_uppercase(),
        format!("{}{rest}", first.to_uppercase()),
        allowed.to_uppercase(),
        format!(" {not}"),
        format!("{not} "),
        format!("{allowed} "),
        format!("{not}\\t"),
        format!("{not}\\n"),
        format!("{not}\\u00a0"),
        format!("{not}."),
        format!("{not}\u{200b}"),
        format!("{allowed}\u{200b}"),
        format!("\\ufeff{not}"),
        // Full width, a leader dot for a dot, a non-breaking hyphen, Cyrillic letters, marks that
        // combine, the other way round.
        format!("{}{rest}", char::from_u32(u32::from(first) + 0xfee0).unwrap()),
        not.replace('.', "\u{2024}").replace('-', "\u{2011}"),
        look_alikes,
        format!("{start}{last}\u{301}"),
        format!("\u{202e}{}", not.chars().rev().collect::<String>()),
        // Escapes of JSON's own.
        format!("{}{rest}", escape(first)),
        format!("{start}{}", escape(last)),
        not.chars().map(escape).collect(),
        format!("{start}{}", escape(last).to_uppercase().replace("\\U", "\\u")),
        format!("{not}\\u0000"),
        format!("{allowed}\\u0000{not}"),
        format!("{allowed}\\n{not}"),
        format!("{allowed}\\\\{not}"),
        format!("{allowed}\\ud800"),
        // Where a name could end or go on.
        format!("models/{not}"),
        format!("{not}-2026-03-05"),
        format!("openai/{not}"),
        format!("{allowed},{not}"),
        format!("{allowed}/../{not}"),
        format!("{allowed}%2f..%2f{not}"),
        format!("{not}#{allowed}"),
        format!("{not}?model={allowed}"),
        format!("ft:{allowed}:x"),
        format!("{allowed}-high"),
        allowed[..allowed.len() - 1].to_owned(),
        format!("deployments/{not}"),
        String::new(),
        "*".to_owned(),
        format!("{}*", &not[..3]),
    ];
    names.dedup();
    names
}

/// S-20, wherever a body names the model.
#[tokio::test]
async fn s_20_no_spelling_in_a_body_gets_around_the_list() {
    let simulators = all().await;
    let models = models();
    let config = serving(&simulators).route("models: ['*'], backends: [openai]").caller(
        "shop",
        "key",
        &format!("models: [{models}]"),
    );
    let gateway = Gateway::start(config).await;
    for endpoint in &ALL {
        let path = endpoint.path(endpoint.model);
        let before: usize = simulators.iter().map(arrived).sum();
        let mut served = 0;
        for name in spelled(forbidden(endpoint), endpoint.model) {
            // Where the path names the model, the body may repeat it, and nothing else.
            let body = match endpoint.names_model() {
                true => endpoint.body(&name, ""),
                false => {
                    let members = endpoint.members();
                    format!(r#"{{"model":"models/{name}",{members}}}"#)
                }
            };
            let answer = endpoint.ask(&gateway, "key", body).await;
            if answer.status == 200 && !endpoint.names_model() && endpoint.is_turn {
                // The path's counts, and is written over the other before anybody reads it.
                let sent = simulators[2].journal().last().unwrap();
                assert!(sent.target.contains(endpoint.model), "{}", sent.target);
                let sent: Value = serde_json::from_slice(&sent.body).unwrap();
                assert_eq!(sent["model"], format!("models/{}", endpoint.model), "{name:?}");
                served += 1;
                continue;
            }
            let refused = matches!(answer.status, 400 | 403 | 404);
            assert!(refused, "{path}: {name:?}: {} {}", answer.status, answer.text);
            assert!(error(endpoint.surface, &answer.json()).is_some(), "{}", answer.text);
            if path.ends_with("batchEmbedContents") {
                let answer = endpoint.ask(&gateway, "key", endpoint.body(&name, "")).await;
                assert!(matches!(answer.status, 400 | 403), "{name:?}: {}", answer.text);
            }
        }
        assert_eq!(simulators.iter().map(arrived).sum::<usize>(), before + served, "{path}");
        endpoint.clean(&gateway, "key").await;
        // An escape is a way to write a name that is on the list, too.
        if endpoint.names_model() {
            let first = u32::from(endpoint.model.chars().next().unwrap());
            let name = format!("\\u{first:04x}{}", &endpoint.model[1..]);
            let answer = endpoint.ask(&gateway, "key", endpoint.body(&name, "")).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text);
            let sent = simulators[endpoint.surface as usize].journal().last().unwrap();
            let sent: Value = serde_json::from_slice(&sent.body).unwrap();
            assert_eq!(sent["model"], endpoint.model);
        }
    }
}

/// S-20, wherever a path names it.
#[tokio::test]
async fn s_20_no_spelling_in_a_path_gets_around_the_list() {
    let simulators = all().await;
    let models = models();
    let config = serving(&simulators).route("models: ['*'], backends: [gemini]").caller(
        "shop",
        "key",
        &format!("models: [{models}]"),
    );
    let gateway = Gateway::start(config).await;
    let names = [
        "gemini-2.5-pro",
        "GEMINI-2.5-PRO",
        "Gemini-2.5-flash",
        "gemini%2D2.5-pro",
        "gemini-2.5-pr%6F",
        "gemini-2.5-pr%6f",
        "gemini-2.5-pr%256f",
        "gemini-2.5-pr\\u006f",
        "gemini-2.5-pro%20",
        "gemini-2.5-flash%20",
        "gemini-2.5-pro%09",
        "gemini-2.5-pro%C2%A0",
        "gemini-2.5-flash%E2%80%8B",
        "gemini-2%E2%80%A45-pro",
        "gemini-2.5-pr%D0%BE",
        "gemini-2.5-flash%2F..%2Fgemini-2.5-pro",
        "gemini-2.5-flash/../gemini-2.5-pro",
        "../models/gemini-2.5-pro",
        "gemini-2.5-pro%00",
        "gemini-2.5-flash%00",
        "gemini-2.5-pro:generateContent",
        "gemini-2.5-flash:generateContent/../gemini-2.5-pro",
        "models%2Fgemini-2.5-pro",
        "models/gemini-2.5-pro",
        "tunedModels/gemini-2.5-pro",
        "gemini-2.5-flash%252e",
        "gemini-2.5-pro%3Fx",
        "gemini-2.5-pro%23gemini-2.5-flash",
    ];
    for endpoint in ALL.iter().filter(|endpoint| !endpoint.names_model()) {
        for name in names {
            let mut raw = Raw::connect(gateway.address()).await;
            let body = endpoint.body(endpoint.model, "");
            raw.send(post(&endpoint.path(name), "x-goog-api-key: key\r\n", &body)).await;
            let response = raw.response().await.unwrap();
            let refused = matches!(response.status, 400 | 403 | 404);
            assert!(refused, "{}: {} {}", endpoint.path(name), response.status, response.body);
        }
        let before: usize = simulators.iter().map(arrived).sum();
        endpoint.clean(&gateway, "key").await;
        assert_eq!(simulators.iter().map(arrived).sum::<usize>(), before + 1);
    }
    assert_eq!(simulators.iter().map(arrived).sum::<usize>(), 4, "the clean ones");
}

/// S-20: the name counts that is served; what stands beside it in path, query or body does not.
#[tokio::test]
async fn s_20_of_two_names_the_one_that_is_allowed_is_served() {
    let simulators = all().await;
    let config = serving(&simulators).caller("shop", "key", "models: [gpt-4o-mini]");
    let gateway = Gateway::start(config).await;
    let plain = body(Provider::OpenAi, "gpt-4o-mini", "x", false).to_string();
    for query in ["?model=gpt-5.4", "?models=gpt-5.4&alt=sse", "?deployment=gpt-5.4"] {
        let url = gateway.url(&format!("{}{query}", path(Provider::OpenAi, "", false)));
        let answer = send(gateway.client.post(url).bearer_auth("key").body(plain.clone())).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let arrival = simulators[0].journal().last().unwrap();
        assert_eq!(arrival.target, "/v1/chat/completions");
        let sent: Value = serde_json::from_slice(&arrival.body).unwrap();
        assert_eq!(sent["model"], "gpt-4o-mini");
    }
}

/// S-08, S-20: an Azure deployment's id is one segment of the path that Azure is asked at.
#[tokio::test]
async fn s_20_no_spelling_of_a_deployment_gets_around_the_list() {
    let openai = simulate(Provider::OpenAi, "sk-canary-cloud").await;
    let backend = |config: Config, name: &str, vendor: &str| {
        let key = config.write("azure.key", openai.credential());
        let fields = [
            format!("vendor: azure-openai-classic, resource: r{vendor}"),
            format!("url: '{}/openai'", openai.base_url()),
            format!("credential: {{ file: '{}' }}", key.display()),
            "tls: { ca: ca.pem }".to_owned(),
        ];
        config.backend_of(name, &fields)
    };
    let config = backend(Config::new(), "azure", "");
    let config = backend(config, "fixed", ", deployment: secret-gpt")
        .route("models: ['*'], backends: [azure]")
        .route("models: [my-gpt], backends: [fixed]")
        .caller("shop", "key", "models: [gpt-4o-mini, my-gpt, text-embedding-3-small]")
        .caller("all", "key-all", "");
    let gateway = Gateway::start(config).await;
    let azure: Vec<&Endpoint> = ALL
        .iter()
        .filter(|it| ["/v1/chat/completions", "/v1/embeddings"].contains(&&*it.path("")))
        .collect();
    for endpoint in &azure {
        let mut names = spelled("secret-gpt", endpoint.model);
        names.extend(spelled("gpt-5.4", "my-gpt"));
        names.extend(
            [
                "../deployments/secret-gpt",
                "my-gpt/chat/completions?api-version=1&x=",
                "secret-gpt/chat/completions#",
                "secret-gpt%2fchat%2fcompletions",
                "..\\\\deployments\\\\secret-gpt",
            ]
            .map(str::to_owned),
        );
        for name in names {
            let answer = endpoint.ask(&gateway, "key", endpoint.body(&name, "")).await;
            assert!(matches!(answer.status, 400 | 403 | 404), "{name:?}: {}", answer.text);
        }
        assert_eq!(arrived(&openai), 0);
    }
    // Who may use everything gets no further than the deployments, either.
    for name in ["../x", "a/../b", "a/b", "a?b", "a#b", "a%2fb", "a%b", "a b", "a\\\\b", "..", "."]
    {
        let endpoint = azure[0];
        let answer = endpoint.ask(&gateway, "key-all", endpoint.body(name, "")).await;
        if answer.status == 200 {
            let target = openai.journal().last().unwrap().target;
            let (deployment, rest) = target
                .strip_prefix("/openai/deployments/")
                .and_then(|rest| rest.split_once('/'))
                .unwrap_or_else(|| panic!("{name:?}: {target}"));
            assert!(rest.starts_with("chat/completions?api-version="), "{name:?}: {target}");
            assert!(!matches!(deployment, "" | "." | ".."), "{name:?}: {target}");
        }
    }
    // Azure's own paths are not the gateway's.
    let own = "/openai/deployments/secret-gpt/chat/completions?api-version=2024-10-21";
    let answer = send(gateway.client.post(gateway.url(own)).bearer_auth("key").body("{}")).await;
    assert_eq!(answer.status, 404, "{}", answer.text);
    let told: Vec<String> =
        openai.journal().read().into_iter().map(|arrival| arrival.target).collect();
    assert!(told.iter().all(|target| !target.contains("secret")), "{told:?}");

    for (name, deployment) in [
        ("gpt-4o-mini", "gpt-4o-mini"),
        ("g\\u0070t-4o-mini", "gpt-4o-mini"),
        ("my-gpt", "secret-gpt"),
    ] {
        let answer = azure[0].ask(&gateway, "key", azure[0].body(name, "")).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.text);
        let target = openai.journal().last().unwrap().target;
        let expected = format!("/openai/deployments/{deployment}/chat/completions?");
        assert!(target.starts_with(&expected), "{name}: {target}");
    }
    azure[1].clean(&gateway, "key").await;
}
