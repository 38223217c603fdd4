//! Amazon's signatures, with keys from each place where its SDKs look for them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use egret::simulator::Arrival;
use jiff::Timestamp;
use serde_json::json;

use crate::support::https::{Asked, Https};
use crate::support::leases::Leases;
use crate::support::provider::simulate;
use crate::support::signature::check;
use crate::support::{
    Answer, Canned, Config, Fake, Fault, Gateway, Provider, Received, Running, Said, ask,
};

const ID: &str = "AKIDCANARY0000000001";
const SECRET: &str = "canary/secret+of+amazon";
const SESSION: &str = "canary//session+token==";
const MODEL: &str = "us.anthropic.claude-haiku-4-5-20251001-v1:0";

async fn bedrock() -> Running {
    simulate(Provider::Claude, ID).await
}

/// A gateway with Bedrock behind it, at this URL, whatever else the environment of the tests says.
async fn gateway(
    url: &str,
    vendor: &str,
    aws: &str,
    files: &[(&str, &str)],
    environment: &[(&str, &str)],
) -> Gateway {
    let prefix = if vendor == "bedrock" { "/anthropic" } else { "" };
    let config = Config::new()
        .files(files)
        .backend_shown(
            "bedrock",
            &format!("{url}{prefix}"),
            &format!("vendor: {vendor}, region: eu-central-1"),
            &format!("{{ aws: {{ {aws} }} }}"),
        )
        .route("models: ['*'], backends: [bedrock]");
    let home = config.directory();
    let directory = home.display().to_string();
    let environment: Vec<(&str, String)> = [("HOME", directory.clone())]
        .into_iter()
        .chain(environment.iter().map(|(name, value)| (*name, value.replace("HOME", &directory))))
        .collect();
    let environment: Vec<(&str, &str)> =
        environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Gateway::start_with(config, &environment).await
}

async fn one(gateway: &Gateway, model: &str) -> Answer {
    ask(gateway, Provider::Claude, model, "x", false).await
}

/// Every surface is served, and every request was signed with the keys.
async fn serves(gateway: &Gateway, bedrock: &Running, model: &str, service: &str, session: &str) {
    for surface in Provider::ALL {
        for stream in [false, true] {
            let answer = ask(gateway, surface, model, "say something", stream).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
        }
    }
    let host = bedrock.base_url().replace("https://", "");
    for arrival in bedrock.journal().read() {
        let (method, target) = (&arrival.method, &arrival.target);
        let claimed = check(SECRET, method, target, &host, &arrival.headers, &arrival.body);
        assert_eq!(
            (&*claimed.id, &*claimed.region, &*claimed.service),
            (ID, "eu-central-1", service)
        );
        let shown =
            arrival.headers.get("x-amz-security-token").map(|value| value.to_str().unwrap());
        assert_eq!(shown.unwrap_or_default(), session);
        assert!(!String::from_utf8_lossy(&arrival.body).contains("canary"));
    }
    assert!(!gateway.output().to_lowercase().contains("canary"), "{}", gateway.output());
}

fn keys() -> String {
    let body = json!({
        "Code": "Success", "AccessKeyId": ID, "SecretAccessKey": SECRET, "Token": SESSION,
        "Expiration": "2099-01-01T00:00:00Z",
    });
    body.to_string()
}

/// As STS answers: in XML, but in JSON to whoever asks for that.
fn sts(received: &Received, action: &str) -> String {
    if received.header("accept").contains("application/json") {
        let response = format!("{action}Response");
        let result = format!("{action}Result");
        let keys = json!({
            "AccessKeyId": ID, "SecretAccessKey": SECRET, "SessionToken": SESSION,
            "Expiration": 4_070_908_800.0,
        });
        return json!({ response: { result: { "Credentials": keys } } }).to_string();
    }
    format!(
        "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result>\
         <AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/egret/egret</Arn></AssumedRoleUser>\
         <Credentials><AccessKeyId>{ID}</AccessKeyId><SecretAccessKey>{SECRET}</SecretAccessKey>\
         <SessionToken>{SESSION}</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>\
         </Credentials></{action}Result></{action}Response>"
    )
}

#[tokio::test]
async fn keys_of_the_environment_sign_what_bedrock_is_asked() {
    let bedrock = bedrock().await;
    let environment = [("AWS_ACCESS_KEY_ID", ID), ("AWS_SECRET_ACCESS_KEY", SECRET)];
    // The colon in the model's name is escaped in the path, and once more in what is signed.
    let invoke = gateway(&bedrock.base_url(), "bedrock-invoke", "", &[], &environment).await;
    serves(&invoke, &bedrock, MODEL, "bedrock", "").await;
    bedrock.journal().clear();
    let mantle = gateway(&bedrock.base_url(), "bedrock", "", &[], &environment).await;
    serves(&mantle, &bedrock, "claude-haiku-4-5", "bedrock-mantle", "").await;
}

#[tokio::test]
async fn keys_of_the_configuration_sign_too() {
    let bedrock = bedrock().await;
    let files = [("id", ID), ("secret", SECRET), ("session", SESSION)];
    let own = "access_key_id: { file: id }, secret_access_key: { file: secret }, \
               session_token: { file: session }";
    let gateway = gateway(&bedrock.base_url(), "bedrock-invoke", own, &files, &[]).await;
    serves(&gateway, &bedrock, MODEL, "bedrock", SESSION).await;
}

/// IMDSv2: nothing is had without the session that a PUT begins.
#[tokio::test]
async fn an_instance_gives_keys_to_whoever_began_a_session() {
    let bedrock = bedrock().await;
    let fake = Fake::start(|received| {
        let begun = received.header("x-aws-ec2-metadata-token") == "canary-session";
        match (&*received.method, &*received.path) {
            ("PUT", "/latest/api/token") => {
                let ttl: u32 =
                    received.header("x-aws-ec2-metadata-token-ttl-seconds").parse().unwrap();
                assert!((1..=21600).contains(&ttl));
                Said::new(200, "canary-session")
            }
            _ if !begun => Said::new(401, ""),
            ("GET", "/latest/meta-data/iam/security-credentials/") => {
                Said::new(200, "egret-role\n")
            }
            ("GET", "/latest/meta-data/iam/security-credentials/egret-role") => {
                Said::new(200, keys())
            }
            _ => Said::new(404, ""),
        }
    })
    .await;
    let own = format!("instance: true, instance_url: '{}'", fake.url(""));
    let alone = gateway(&bedrock.base_url(), "bedrock-invoke", &own, &[], &[]).await;
    serves(&alone, &bedrock, MODEL, "bedrock", SESSION).await;
    assert_eq!(fake.count(), 3);
    // At the end of the chain it is found, too.
    let place = fake.url("");
    let environment = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", &*place)];
    let chain = gateway(&bedrock.base_url(), "bedrock-invoke", "", &[], &environment).await;
    serves(&chain, &bedrock, MODEL, "bedrock", SESSION).await;
}

#[tokio::test]
async fn a_container_gives_keys_for_the_token_in_its_file() {
    let bedrock = bedrock().await;
    let fake = Fake::start(|received| match received.header("authorization") {
        "canary.pod.token" => Said::new(200, keys()),
        _ => Said::new(401, ""),
    })
    .await;
    let url = fake.url("/v1/credentials");
    let environment = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &*url),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "HOME/pod"),
    ];
    let files = [("pod", "canary.pod.token\n")];
    let gateway = gateway(&bedrock.base_url(), "bedrock-invoke", "", &files, &environment).await;
    serves(&gateway, &bedrock, MODEL, "bedrock", SESSION).await;
}

/// IRSA.
#[tokio::test]
async fn a_web_identity_becomes_a_role() {
    let bedrock = bedrock().await;
    let fake = Fake::start(|received: &Received| {
        let form = received.form();
        assert_eq!(
            (&*form["Action"], &*form["Version"]),
            ("AssumeRoleWithWebIdentity", "2011-06-15")
        );
        assert_eq!(form["RoleArn"], "arn:aws:iam::1:role/egret");
        assert_eq!(form["WebIdentityToken"], "canary.irsa.token");
        assert_eq!(form["RoleSessionName"], "egret");
        assert_eq!(received.header("authorization"), "", "nothing is there to sign with");
        Said::new(200, sts(received, "AssumeRoleWithWebIdentity"))
    })
    .await;
    let files = [("irsa", "canary.irsa.token\n")];
    let place = format!("sts_url: '{}'", fake.url(""));
    let environment = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "HOME/irsa"),
        ("AWS_ROLE_ARN", "arn:aws:iam::1:role/egret"),
    ];
    let chain = gateway(&bedrock.base_url(), "bedrock-invoke", &place, &files, &environment).await;
    serves(&chain, &bedrock, MODEL, "bedrock", SESSION).await;
    let own =
        format!("{place}, web_identity_token_file: irsa, role_arn: 'arn:aws:iam::1:role/egret'");
    let stated = gateway(&bedrock.base_url(), "bedrock-invoke", &own, &files, &[]).await;
    serves(&stated, &bedrock, MODEL, "bedrock", SESSION).await;
    assert_eq!(fake.count(), 2);
}

/// Keys of a few seconds each: calls go on, and none is signed with keys that have expired, or with
/// parts of two.
#[tokio::test]
async fn keys_of_a_role_are_renewed_and_not_used_beyond_their_end() {
    let leases = Leases::at(bedrock().await);
    let fake = Fake::start({
        let leases = leases.clone();
        move |received: &Received| {
            let (id, end) = leases.mint(ID);
            let end = Timestamp::from_second(i64::try_from(end).unwrap()).unwrap();
            let answer = sts(received, "AssumeRoleWithWebIdentity")
                .replace(SECRET, &format!("{SECRET}{id}"))
                .replace(SESSION, &format!("{SESSION}{id}"))
                .replace(&format!("<AccessKeyId>{ID}<"), &format!("<AccessKeyId>{id}<"))
                .replace("2099-01-01T00:00:00Z", &end.to_string());
            Said::new(200, answer)
        }
    })
    .await;
    let url = leases.backend.base_url();
    let own = format!(
        "sts_url: '{}', web_identity_token_file: irsa, role_arn: 'arn:aws:iam::1:role/egret'",
        fake.url("")
    );
    let gateway =
        gateway(&url, "bedrock-invoke", &own, &[("irsa", "canary.irsa.token")], &[]).await;
    let host = url.replace("https://", "");
    let signed_with = |arrival: &Arrival| {
        let authorization = arrival.headers["authorization"].to_str().unwrap();
        let (_, rest) = authorization.split_once("Credential=").unwrap();
        let (id, _) = rest.split_once('/').unwrap();
        let (method, target) = (&arrival.method, &arrival.target);
        check(&format!("{SECRET}{id}"), method, target, &host, &arrival.headers, &arrival.body);
        assert_eq!(arrival.headers["x-amz-security-token"], format!("{SESSION}{id}").as_str());
        id.to_owned()
    };
    leases.outlived(|| one(&gateway, MODEL), signed_with).await;
}

/// A profile whose role is assumed with another's keys; STS is asked with a signature.
#[tokio::test]
async fn a_profile_leads_to_a_role() {
    let bedrock = bedrock().await;
    let fake = Fake::start(|received: &Received| {
        let form = received.form();
        assert_eq!((&*form["Action"], &*form["RoleArn"]), ("AssumeRole", "arn:aws:iam::1:role/x"));
        assert_eq!((&*form["ExternalId"], &*form["RoleSessionName"]), ("4711", "egret"));
        let (host, body) = (received.header("host"), received.body.as_bytes());
        let claimed = check("base-canary-secret", "POST", "/", host, &received.headers, body);
        assert_eq!((&*claimed.id, &*claimed.service), ("AKIDBASE", "sts"));
        Said::new(200, sts(received, "AssumeRole"))
    })
    .await;
    let credentials = "[base]\naws_access_key_id = AKIDBASE\n\
                       aws_secret_access_key = base-canary-secret\n";
    let config = "[profile prod]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = base\n\
                  external_id = 4711\n";
    let files = [("credentials", credentials), ("config", config)];
    let environment =
        [("AWS_SHARED_CREDENTIALS_FILE", "HOME/credentials"), ("AWS_CONFIG_FILE", "HOME/config")];
    let own = format!("profile: prod, sts_url: '{}'", fake.url(""));
    let gateway = gateway(&bedrock.base_url(), "bedrock-invoke", &own, &files, &environment).await;
    serves(&gateway, &bedrock, MODEL, "bedrock", SESSION).await;
}

/// S-37: Amazon quotes what it was sent, signature included, to explain why it refused that.
#[tokio::test]
async fn s_37_neither_signature_nor_session_is_quoted() {
    let environment = [
        ("AWS_ACCESS_KEY_ID", ID),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
        ("AWS_SESSION_TOKEN", SESSION),
    ];
    let fake = Https::start(|asked: &Asked| {
        let authorization = asked.authorization.clone().unwrap();
        let quoted = format!("it was {authorization}, x-amz-security-token:{SESSION}");
        let error = |message: String| (400, json!({ "message": message }).to_string());
        match prompt(asked) {
            "error" => error(quoted),
            "error in base64" => error(STANDARD.encode(quoted)),
            text => {
                let said = if text == "answer" { &quoted } else { "hello" };
                let message = json!({
                    "id": "m", "type": "message", "role": "assistant", "model": "claude-haiku-4-5",
                    "content": [{"type": "text", "text": said}], "stop_reason": "end_turn",
                    "stop_sequence": null, "usage": {"input_tokens": 1, "output_tokens": 1},
                });
                (200, message.to_string())
            }
        }
    })
    .await;
    let gateway = gateway(&fake.url(""), "bedrock-invoke", "", &[], &environment).await;
    for surface in Provider::ALL {
        for (case, status) in [("error", 400), ("error in base64", 400), ("answer", 200)] {
            let answer = ask(&gateway, surface, MODEL, case, false).await;
            let text = &answer.text;
            assert_eq!(answer.status, status, "{case}: {text}");
            let authorization = fake.asked().pop().unwrap().authorization.unwrap();
            let (_, signature) = authorization.rsplit_once("Signature=").unwrap();
            assert_eq!(signature.len(), 64, "{authorization}");
            let (_, quoted) = text.split_once("[redacted]").expect(text);
            assert!(quoted.contains("[redacted]"), "{case}: {text}");
            for secret in [signature, SESSION, ID] {
                assert!(!text.contains(secret), "{case}: {text}");
                // Wherever it stands, these are characters of its own.
                for before in 0..3 {
                    let encoded = STANDARD.encode(format!("{}{secret}", &"xxx"[..before]));
                    let own = &encoded[4..encoded.len() - 4];
                    assert!(!text.contains(own), "{case}: {text}");
                }
            }
        }
        let answer = ask(&gateway, surface, MODEL, "clean", false).await;
        assert!(answer.status == 200 && answer.text.contains("hello"), "{}", answer.text);
    }
}

/// The text of the one message of a request to Claude.
fn prompt(asked: &Asked) -> &'static str {
    ["error in base64", "error", "answer"]
        .into_iter()
        .find(|case| asked.body.contains(&format!("\"{case}\"")))
        .unwrap_or("clean")
}

/// A clock that is off is the likeliest reason for a signature to be refused, and hard to find.
#[tokio::test]
async fn a_clock_that_is_off_is_told_of_in_the_log() {
    let bedrock = bedrock().await;
    let environment = [("AWS_ACCESS_KEY_ID", ID), ("AWS_SECRET_ACCESS_KEY", SECRET)];
    let gateway = gateway(&bedrock.base_url(), "bedrock-invoke", "", &[], &environment).await;
    bedrock.script().next_n(
        1,
        [Fault::Canned(Canned {
            status: 403,
            headers: vec![
                ("content-type".into(), "application/json".into()),
                ("date".into(), "Sun, 06 Nov 1994 08:49:37 GMT".into()),
            ],
            body: vec!["{\"message\":\"Signature expired\"}".into()],
        })],
    );
    let answer = one(&gateway, MODEL).await;
    assert!(answer.status >= 400);
    assert!(gateway.output().contains("this machine's clock is"), "{}", gateway.output());
    assert_eq!(one(&gateway, MODEL).await.status, 200);
}
