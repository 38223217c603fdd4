//! Where backends are, by what is declared and by what their hosts say.

use std::path::Path;

use super::load;

#[test]
fn a_backend_is_where_its_host_says_or_else_where_it_is_declared() {
    for (fields, region) in [
        ("schema: openai", Some("global")),
        ("schema: openai, url: 'https://eu.api.openai.com/v1'", Some("eu")),
        ("schema: openai, url: 'https://h/v1'", None),
        ("schema: openai, url: 'https://h/v1', region: eu", Some("eu")),
        ("schema: openai, url: 'https://h/v1', region: westeurope", Some("westeurope")),
        ("schema: claude", Some("global")),
        ("schema: claude, region: us", Some("us")),
        ("vendor: azure-openai, resource: r", None),
        ("vendor: azure-openai, resource: r, region: swedencentral", Some("swedencentral")),
        ("vendor: vertex-gemini, project: p, location: europe-west4", Some("europe-west4")),
        ("vendor: vertex-gemini, project: p, location: eu", Some("eu")),
        ("vendor: vertex-gemini, project: p, location: global", Some("global")),
        (
            "vendor: vertex-gemini, project: p, location: europe-west4, url: 'https://h'",
            Some("europe-west4"),
        ),
        ("vendor: bedrock, region: eu-central-1", Some("eu-central-1")),
        // Too new to be known here: nowhere.
        ("vendor: bedrock, region: eu-central-9", None),
        (
            "schema: claude, region: eu, url: 'https://bedrock-runtime.eu-west-1.amazonaws.com'",
            Some("eu-west-1"),
        ),
    ] {
        let text = format!(
            "listeners: [{{ address: 127.0.0.1:8080 }}]\n\
             backends: {{ a: {{ {fields}, credential: none }} }}\n\
             routes: [{{ models: ['*'], backends: [a] }}]\n"
        );
        let snapshot = load(&text, Path::new("")).unwrap_or_else(|error| panic!("{error}"));
        let found = snapshot.backends[0].region.map(providers::region::Place::name);
        assert_eq!(found, region, "{fields}");
    }
}
