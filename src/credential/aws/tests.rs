//! Which of the places that hold keys counts, where there are several.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::ffi::OsString;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::instance::ContainerToken;
use super::*;

/// The places in their order: the id of the keys that are there, and the variables that lead to them.
/// `DIR` is a directory, and `URL` a server of the test's own.
const PLACES: [(&str, &[(&str, &str)]); 5] = [
    (
        "of-the-environment",
        &[("AWS_ACCESS_KEY_ID", "of-the-environment"), ("AWS_SECRET_ACCESS_KEY", "secret")],
    ),
    ("of-a-profile", &[("AWS_SHARED_CREDENTIALS_FILE", "DIR/credentials")]),
    (
        "of-a-web-identity",
        &[
            ("AWS_WEB_IDENTITY_TOKEN_FILE", "DIR/token"),
            ("AWS_ROLE_ARN", "arn:aws:iam::1:role/egret"),
        ],
    ),
    ("of-a-container", &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", "URL/container")]),
    ("of-an-instance", &[("AWS_EC2_METADATA_SERVICE_ENDPOINT", "URL")]),
];

/// A machine on which all of these places are.
struct Machine {
    directory: tempfile::TempDir,
    url: String,
    fetcher: Fetcher,
}

/// What STS, a container's agent and the metadata service say.
fn said(request: &str) -> String {
    let keys = |id: &str| format!(r#"{{"AccessKeyId":"{id}","SecretAccessKey":"secret"}}"#);
    match request.split(" HTTP/").next().unwrap() {
        "PUT /latest/api/token" => "session".to_owned(),
        "GET /latest/meta-data/iam/security-credentials/" => "role".to_owned(),
        "GET /latest/meta-data/iam/security-credentials/role" => keys("of-an-instance"),
        "GET /container" => keys("of-a-container"),
        "POST /" => "<Credentials><AccessKeyId>of-a-web-identity</AccessKeyId>\
                     <SecretAccessKey>secret</SecretAccessKey></Credentials>"
            .to_owned(),
        other => panic!("{other}"),
    }
}

impl Machine {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let profile = |name: &str, id: &str| {
            format!("[{name}]\naws_access_key_id = {id}\naws_secret_access_key = secret\n")
        };
        let profiles = profile("default", "of-a-profile") + &profile("prod", "of-another-profile");
        std::fs::write(directory.path().join("credentials"), profiles).unwrap();
        std::fs::write(directory.path().join("token"), "irsa-token").unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut text = Vec::new();
                let whole = |text: &[u8]| {
                    let end =
                        if text.starts_with(b"POST") { &b"=irsa-token"[..] } else { b"\r\n\r\n" };
                    text.ends_with(end)
                };
                while !whole(&text) && stream.read_buf(&mut text).await.unwrap() > 0 {}
                let body = said(std::str::from_utf8(&text).unwrap());
                let head = format!("content-length: {}\r\nconnection: close", body.len());
                let answer = format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{body}");
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Self { directory, url, fetcher: Fetcher::new(None).unwrap() }
    }

    /// The id of the keys that are found with these variables.
    async fn found(&self, variables: &[(&str, &str)]) -> Result<String, MintError> {
        let directory = self.directory.path().display().to_string();
        let lookup = |name: &str| {
            let (_, value) = variables.iter().find(|(known, _)| *known == name)?;
            Some(OsString::from(value.replace("DIR", &directory).replace("URL", &self.url)))
        };
        let aws = Aws {
            source: AwsSource::Chain,
            role: None,
            region: "eu-central-1".to_owned(),
            sts: Some(Endpoint::parse(&self.url).unwrap()),
            environment: AwsEnvironment::of(&lookup),
        };
        match aws.mint(&self.fetcher).await?.proof {
            Proof::Aws(keys) => Ok(String::from_utf8(keys.id.expose().to_vec()).unwrap()),
            Proof::Token(_) => panic!("a token"),
        }
    }
}

/// The variables of those places whose bit is set.
fn variables(places: usize) -> Vec<(&'static str, &'static str)> {
    let chosen = (0..PLACES.len()).filter(|nth| places & (1 << nth) != 0);
    chosen.flat_map(|nth| PLACES[nth].1.iter().copied()).collect()
}

/// As Amazon's SDKs look: environment, profile, web identity, container, instance.
#[tokio::test]
async fn of_several_places_the_first_counts() {
    let machine = Machine::new().await;
    for places in 1_usize..1 << PLACES.len() {
        let first = PLACES[usize::try_from(places.trailing_zeros()).unwrap()].0;
        assert_eq!(machine.found(&variables(places)).await.unwrap(), first, "{places:05b}");
    }
    // Whichever profile is named, keys of the environment come first.
    for (places, expected) in [(0b11111, "of-the-environment"), (0b11110, "of-another-profile")] {
        let named = [variables(places), vec![("AWS_PROFILE", "prod")]].concat();
        assert_eq!(machine.found(&named).await.unwrap(), expected);
    }
    let nowhere = [("AWS_EC2_METADATA_DISABLED", "true")];
    assert!(matches!(machine.found(&nowhere).await, Err(MintError::Nowhere)));
}

/// A place that is named and has no keys is not passed over for those behind it.
#[tokio::test]
async fn a_place_that_is_named_and_fails_ends_the_search() {
    let machine = Machine::new().await;
    let all = variables(0b11111);
    for (without, instead) in [
        (0, ("AWS_ACCESS_KEY_ID", "alone")),
        (1, ("AWS_PROFILE", "missing")),
        (2, ("AWS_WEB_IDENTITY_TOKEN_FILE", "DIR/missing")),
        (3, ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://10.1.2.3/elsewhere")),
        (3, ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@evil.example/")),
        (4, ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://10.1.2.3")),
    ] {
        // What comes before is not there, and what comes behind is.
        let behind = variables(0b11111 & !((2 << without) - 1));
        let role = [("AWS_ROLE_ARN", "arn:aws:iam::1:role/egret"), instead];
        let named = [behind, role.to_vec()].concat();
        assert!(machine.found(&named).await.is_err(), "{instead:?}");
    }
    assert_eq!(machine.found(&all).await.unwrap(), PLACES[0].0);
}

/// ECS tells a path at its one address, and EKS a whole URL.
#[test]
fn a_container_is_asked_where_it_says() {
    const RELATIVE: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
    const FULL: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
    let ecs = "http://169.254.170.2/v2/credentials/4711?a=b";
    let eks = "http://169.254.170.23/v1/credentials";
    let container = |variables: &[(&str, &str)]| {
        let get = |name: &str| {
            let (_, value) = variables.iter().find(|(known, _)| *known == name)?;
            Some((*value).to_owned())
        };
        Container::of(&get)
    };
    for (variables, expected) in [
        (&[][..], Ok(None)),
        (&[(RELATIVE, "/v2/credentials/4711?a=b")], Ok(Some(ecs))),
        (&[(RELATIVE, "/v2/credentials/4711?a=b"), (FULL, eks)], Ok(Some(ecs))),
        (&[(FULL, eks)], Ok(Some(eks))),
        (&[(FULL, "https://agent.example/x")], Ok(Some("https://agent.example/x"))),
        (&[(RELATIVE, "//evil.example/x")], Ok(Some("http://169.254.170.2//evil.example/x"))),
        // Behind the address these would make another host of it.
        (&[(RELATIVE, "@evil.example/x")], Err(RELATIVE)),
        (&[(RELATIVE, ".evil.example/x")], Err(RELATIVE)),
        (&[(RELATIVE, ":80@evil.example/x"), (FULL, eks)], Err(RELATIVE)),
        (&[(FULL, "http://evil.example/x")], Err(FULL)),
        (&[(FULL, "http://10.1.2.3/x")], Err(FULL)),
        (&[(FULL, "/v1/credentials")], Err(FULL)),
    ] {
        let found = container(variables);
        let url = found.as_ref().map(|found| found.as_ref().map(|found| found.url.as_str()));
        assert_eq!(url.map_err(|what| *what), expected, "{variables:?}");
    }
    // The file counts before the value: it is rotated.
    let (file, value) =
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN");
    let token = |variables: &[(&str, &str)]| container(variables).unwrap().unwrap().token;
    let by_file = token(&[(FULL, eks), (file, "/token"), (value, "secret")]);
    assert_eq!(by_file, Some(ContainerToken::File("/token".into())));
    let by_value = token(&[(FULL, eks), (value, "secret")]);
    assert!(matches!(by_value, Some(ContainerToken::Value(_))));
    assert_eq!(token(&[(FULL, eks)]), None);
}
