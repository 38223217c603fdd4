//! What real callers sent to real providers, and what those took, a simulator takes, too.

use std::path::PathBuf;

use http::HeaderMap;
use serde_json::Value;

use super::super::json::Json;
use super::super::openai::{chat, responses};
use super::super::rejection::Rejection;

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

/// What is refused, less what must be because it holds what another made.
fn refused(
    kind: &str,
    read: impl Fn(&Json<'_>, &str) -> Result<(), Rejection>,
    foreign: &[&str],
) -> Vec<String> {
    if corpus().is_none() {
        return Vec::new();
    }
    let mut refused = Vec::new();
    for (name, url, body) in requests(kind) {
        let json = Json::parse(&body).unwrap();
        if let Err(rejection) = read(&json, &url)
            && !foreign.iter().any(|foreign| rejection.message.contains(foreign))
        {
            refused.push(format!("{name}: {}", rejection.message));
        }
    }
    refused
}

#[test]
fn responses_requests_are_taken() {
    let read = |json: &Json<'_>, _: &str| responses::read(json).map(|_| ());
    let foreign = ["could not be verified", "not found"];
    let refused = refused("openai_responses", read, &foreign);
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn chat_requests_are_taken() {
    let read = |json: &Json<'_>, _: &str| chat::read(json).map(|_| ());
    let refused = refused("openai_chat", read, &[]);
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn messages_requests_are_taken() {
    let mut headers = HeaderMap::new();
    headers.insert("anthropic-version", "2023-06-01".parse().unwrap());
    headers.insert("anthropic-beta", "some".parse().unwrap());
    let read = |json: &Json<'_>, _: &str| super::super::claude::read(json, &headers).map(|_| ());
    let refused = refused("anthropic", read, &["Invalid `signature`"]);
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn generate_requests_are_taken() {
    let read = |json: &Json<'_>, url: &str| {
        let path = url.split_once("googleapis.com").map_or("", |(_, path)| path);
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let Some(route) = super::super::gemini::find(path, query) else { return Ok(()) };
        super::super::gemini::read(json, &route).map(|_| ())
    };
    let refused = refused("gemini", read, &["Corrupted thought signature"]);
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn counting_and_embedding_requests_are_taken() {
    let read = |json: &Json<'_>, url: &str| {
        let path = url.split_once("googleapis.com").map_or("", |(_, path)| path);
        match super::super::gemini::find(path, "") {
            Some(route) if path.ends_with("countTokens") => {
                super::super::gemini::read_count(json, &route).map(|_| ())
            }
            Some(route) => super::super::gemini::embed_batch(json, &route).map(|_| ()),
            None => Ok(()),
        }
    };
    let mut refused_all = refused("gemini_count_tokens", read, &[]);
    refused_all.extend(refused("gemini_embed", read, &[]));
    let mut headers = HeaderMap::new();
    headers.insert("anthropic-version", "2023-06-01".parse().unwrap());
    let read =
        |json: &Json<'_>, _: &str| super::super::claude::read_count(json, &headers).map(|_| ());
    refused_all.extend(refused("anthropic_count_tokens", read, &[]));
    let read = |json: &Json<'_>, url: &str| {
        if url.contains("api.openai.com") {
            super::super::openai::embed(json).map(|_| ())
        } else {
            Ok(())
        }
    };
    refused_all.extend(refused("openai_embeddings", read, &[]));
    assert!(refused_all.is_empty(), "{}", refused_all.join("\n"));
}
