//! What real callers sent to real providers, and what those took, a simulator takes, too.

use std::path::PathBuf;

use http::HeaderMap;
use serde_json::Value;

use super::super::json::Json;
use super::super::openai::{chat, responses};
use super::super::rejection::Rejection;
use super::super::route::{Api, Endpoint};
use super::super::{Provider, claude, gemini, openai};

/// The recordings, if they are beside the project.
fn corpus() -> Option<PathBuf> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let dir = std::env::var_os("EGRET_SHARED").map_or(beside, PathBuf::from).join("corpus");
    if dir.is_dir() {
        return Some(dir);
    }
    assert!(std::env::var_os("CI").is_none(), "no recordings in {}", dir.display());
    eprintln!("skipped: no recordings in {}", dir.display());
    None
}

/// The requests of a kind that were answered with 200: name, URL, body.
fn requests(kind: &str) -> Vec<(String, String, Vec<u8>)> {
    let Some(corpus) = corpus() else { return Vec::new() };
    let mut requests = Vec::new();
    for format in ["json", "sse", "bin"] {
        let Ok(files) = std::fs::read_dir(corpus.join(kind).join(format)) else { continue };
        for file in files.map(|file| file.unwrap().path()) {
            let name = file.file_name().unwrap().to_str().unwrap();
            let Some(name) = name.strip_suffix(".request.json") else { continue };
            let meta = std::fs::read(file.with_file_name(format!("{name}.meta.json"))).unwrap();
            let meta: Value = serde_json::from_slice(&meta).unwrap();
            if meta["status"].as_u64().unwrap_or(200) == 200 {
                let url = meta["url"].as_str().unwrap_or_default().to_owned();
                requests.push((name.to_owned(), url, std::fs::read(&file).unwrap()));
            }
        }
    }
    requests.sort();
    assert!(!requests.is_empty(), "no requests of kind {kind}");
    requests
}

/// What is refused of a kind, less what must be because it holds what another made. `read` reads a
/// request, unless its URL is none of ours.
fn refused(
    kind: &str,
    read: impl Fn(&Json<'_>, &str) -> Option<Result<(), Rejection>>,
    foreign: &[&str],
) -> Vec<String> {
    if corpus().is_none() {
        return Vec::new();
    }
    let (mut refused, mut taken, mut theirs, mut passed) = (Vec::new(), 0, 0, 0);
    for (name, url, body) in requests(kind) {
        let json = Json::parse(&body).unwrap();
        match read(&json, &url) {
            None => passed += 1,
            Some(Ok(())) => taken += 1,
            Some(Err(rejection)) => {
                if foreign.iter().any(|foreign| rejection.message.contains(foreign)) {
                    theirs += 1;
                } else {
                    refused.push(format!("{name}: {}", rejection.message));
                }
            }
        }
    }
    println!(
        "{kind}: {taken} taken, {} refused, {theirs} with what another made, {passed} of other APIs",
        refused.len()
    );
    assert!(taken > 0, "none of kind {kind} was read");
    refused
}

fn none(refused: Vec<String>) {
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

/// Path and query of a URL.
fn target(url: &str) -> (String, String) {
    let path = url.split_once("://").and_then(|(_, url)| url.split_once('/'));
    let path = path.map_or("", |(_, path)| path);
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    (format!("/{path}"), query.to_owned())
}

/// Reads what OpenAI or a cloud that offers it is asked.
fn read_openai(json: &Json<'_>, url: &str) -> Option<Result<(), Rejection>> {
    if !url.contains("openai") {
        return None;
    }
    let (path, query) = target(url);
    let route = openai::find(&path, &query, &HeaderMap::new())?;
    Some(match (route.endpoint, route.api) {
        (Endpoint::Embed, _) => openai::embed(json, &route).map(|_| ()),
        (Endpoint::Answer, Api::Chat) => chat::read(json, &route).map(|_| ()),
        (Endpoint::Answer, _) => responses::read(json, &route).map(|_| ()),
        _ => return None,
    })
}

/// Reads what Anthropic or a cloud that offers it is asked.
fn read_claude(json: &Json<'_>, url: &str) -> Option<Result<(), Rejection>> {
    let mut headers = HeaderMap::new();
    headers.insert("anthropic-version", "2023-06-01".parse().unwrap());
    headers.insert("anthropic-beta", "some".parse().unwrap());
    let route = claude::find(&target(url).0)?;
    let named = route.model.as_deref().or(json.get("model").and_then(Json::text));
    if !route.has_model(Provider::Claude, named.unwrap_or_default()) {
        return None;
    }
    Some(match route.endpoint {
        Endpoint::Count => claude::read_count(json, &headers, &route).map(|_| ()),
        _ => claude::read(json, &headers, &route).map(|_| ()),
    })
}

/// Reads what Gemini or Vertex is asked.
fn read_gemini(json: &Json<'_>, url: &str) -> Option<Result<(), Rejection>> {
    let (path, query) = target(url);
    let route = gemini::find(&path, &query)?;
    Some(match route.endpoint {
        Endpoint::Count => gemini::read_count(json, &route).map(|_| ()),
        Endpoint::Embed => gemini::embed(json, &route).map(|_| ()),
        Endpoint::EmbedBatch => gemini::embed_batch(json, &route).map(|_| ()),
        _ => gemini::read(json, &route).map(|_| ()),
    })
}

#[test]
fn openais_requests_are_taken() {
    let sealed = ["could not be verified", "not found"];
    none(refused("openai_chat", read_openai, &[]));
    none(refused("openai_responses", read_openai, &sealed));
    none(refused("openai_embeddings", read_openai, &[]));
    none(refused("openai_chat_azure", read_openai, &[]));
    none(refused("openai_responses_azure", read_openai, &sealed));
}

#[test]
fn claudes_requests_are_taken() {
    let signed = ["Invalid `signature`", "Invalid `data`"];
    none(refused("anthropic", read_claude, &signed));
    none(refused("anthropic_count_tokens", read_claude, &[]));
    none(refused("anthropic_vertex", read_claude, &signed));
    none(refused("bedrock", read_claude, &signed));
}

#[test]
fn geminis_requests_are_taken() {
    let signed = ["Corrupted thought signature"];
    none(refused("gemini", read_gemini, &signed));
    none(refused("gemini_count_tokens", read_gemini, &[]));
    none(refused("gemini_embed", read_gemini, &[]));
    none(refused("gemini_vertex", read_gemini, &signed));
}
