//! Microsoft Entra's access tokens: for an application's secret or token, and for a machine's
//! identity.

use crate::support::leases::{Leases, bearer};
use crate::support::provider::simulate;
use crate::support::speak::serves;
use crate::support::{Config, Fake, Gateway, Provider, Running, Said, ask};

const TOKEN: &str = "eyJ0eXAi.canary.entra";

async fn azure() -> Running {
    simulate(Provider::OpenAi, TOKEN).await
}

async fn gateway(
    simulator: &Running,
    vendor: &str,
    azure: &str,
    environment: &[(&str, &str)],
) -> Gateway {
    let prefix = if vendor == "azure-openai" { "/openai/v1" } else { "/openai" };
    let config = Config::new()
        .files(&[("secret", "canary~secret"), ("federated", "canary.federated.token\n")])
        .backend_shown(
            "azure",
            &format!("{}{prefix}", simulator.base_url()),
            &format!("vendor: {vendor}, resource: r"),
            &format!("{{ azure: {{ {azure} }} }}"),
        )
        .route("models: ['*'], backends: [azure]");
    Gateway::start_with(config, environment).await
}

#[tokio::test]
async fn an_application_proves_itself_by_its_secret() {
    let azure = azure().await;
    let fake = Fake::start(|_| Said::token(TOKEN, 3599)).await;
    let own = format!(
        "tenant_id: t-1, client_id: app-1, client_secret: {{ file: secret }}, authority: '{}'",
        fake.url("/")
    );
    for (vendor, scope) in [
        ("azure-openai", "https://ai.azure.com/.default"),
        ("azure-openai-classic", "https://cognitiveservices.azure.com/.default"),
    ] {
        let gateway = gateway(&azure, vendor, &own, &[]).await;
        serves(&gateway, &azure, TOKEN).await;
        let asked = fake.received().pop().unwrap();
        assert_eq!((&*asked.method, &*asked.path), ("POST", "/t-1/oauth2/v2.0/token"));
        let form = asked.form();
        assert_eq!((&*form["grant_type"], &*form["client_id"]), ("client_credentials", "app-1"));
        assert_eq!((&*form["client_secret"], &*form["scope"]), ("canary~secret", scope));
    }
}

#[tokio::test]
async fn an_application_proves_itself_by_a_token_of_kubernetes() {
    let azure = azure().await;
    let fake = Fake::start(|_| Said::token(TOKEN, 3599)).await;
    let own = format!(
        "tenant_id: t-1, client_id: app-1, federated_token_file: federated, authority: '{}', \
         scope: 'api://mine/.default'",
        fake.url("")
    );
    let gateway = gateway(&azure, "azure-openai", &own, &[]).await;
    serves(&gateway, &azure, TOKEN).await;
    let form = fake.received()[0].form();
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    assert_eq!((&*form["client_assertion_type"], &*form["scope"]), (kind, "api://mine/.default"));
    assert_eq!(form["client_assertion"], "canary.federated.token");
    assert!(!form.contains_key("client_secret"));
}

#[tokio::test]
async fn a_machine_has_an_identity() {
    let azure = azure().await;
    let fake = Fake::start(|_| {
        // Azure's metadata service writes its numbers as texts.
        let body = format!(
            r#"{{"access_token":"{TOKEN}","expires_in":"86399","expires_on":"4102444800",
                "token_type":"Bearer","resource":"https://ai.azure.com"}}"#
        );
        Said::new(200, body)
    })
    .await;
    let own = format!("identity_url: '{}', client_id: app-1", fake.url(""));
    let gateway = gateway(&azure, "azure-openai", &own, &[]).await;
    serves(&gateway, &azure, TOKEN).await;
    let asked = &fake.received()[0];
    assert_eq!((&*asked.method, &*asked.path), ("GET", "/metadata/identity/oauth2/token"));
    assert_eq!(asked.header("metadata"), "true");
    let parameters = asked.parameters();
    assert_eq!(parameters["api-version"], "2018-02-01");
    assert_eq!(parameters["resource"], "https://ai.azure.com");
    assert_eq!(parameters["client_id"], "app-1");
}

/// Tokens of a few seconds each, of whose end App Service says when it is: calls go on, and none
/// carries one that has expired.
#[tokio::test]
async fn tokens_are_renewed_and_not_shown_beyond_their_end() {
    let leases = Leases::at(azure().await);
    let fake = Fake::start({
        let leases = leases.clone();
        move |_| {
            let (token, end) = leases.mint("eyJ0eXAi.canary-");
            Said::new(200, format!(r#"{{"access_token":"{token}","expires_on":"{end}"}}"#))
        }
    })
    .await;
    let identity = fake.url("/msi/token");
    let service = [("IDENTITY_ENDPOINT", &*identity), ("IDENTITY_HEADER", "canary-header")];
    let gateway = gateway(&leases.backend, "azure-openai", "", &service).await;
    let call = || ask(&gateway, Provider::OpenAi, "gpt-4o-mini", "x", false);
    leases.outlived(call, bearer).await;
}

#[tokio::test]
async fn the_environment_says_where_tokens_come_from() {
    let azure = azure().await;
    let fake = Fake::start(|received| match received.method.as_str() {
        "POST" => Said::token(TOKEN, 3599),
        // App Service says nothing but when a token ends; this one has.
        _ if received.header("x-identity-header") == "canary-late" => {
            Said::new(200, format!(r#"{{"access_token":"{TOKEN}","expires_on":"1600000000"}}"#))
        }
        _ => Said::new(200, format!(r#"{{"access_token":"{TOKEN}","expires_on":"4102444800"}}"#)),
    })
    .await;
    let authority = fake.url("");
    let application = [
        ("AZURE_TENANT_ID", "t-2"),
        ("AZURE_CLIENT_ID", "app-2"),
        ("AZURE_CLIENT_SECRET", "canary-secret-2"),
        ("AZURE_AUTHORITY_HOST", &*authority),
    ];
    let by_secret = gateway(&azure, "azure-openai", "", &application).await;
    serves(&by_secret, &azure, TOKEN).await;
    let asked = fake.received().pop().unwrap();
    assert_eq!(
        (&*asked.path, &*asked.form()["client_secret"]),
        ("/t-2/oauth2/v2.0/token", "canary-secret-2")
    );

    let identity = fake.url("/msi/token");
    let service = [("IDENTITY_ENDPOINT", &*identity), ("IDENTITY_HEADER", "canary-header")];
    let by_service = gateway(&azure, "azure-openai", "", &service).await;
    serves(&by_service, &azure, TOKEN).await;
    let asked = fake.received().pop().unwrap();
    assert_eq!((&*asked.path, asked.header("x-identity-header")), ("/msi/token", "canary-header"));
    assert_eq!(asked.parameters()["api-version"], "2019-08-01");
    let service = [("IDENTITY_ENDPOINT", &*identity), ("IDENTITY_HEADER", "canary-late")];
    let late = gateway(&azure, "azure-openai", "", &service).await;
    let answer = ask(&late, Provider::OpenAi, "gpt-4o-mini", "x", false).await;
    assert_eq!(answer.status, 500, "it has expired: {}", answer.text);
}
