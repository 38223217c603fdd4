//! The benchmark's way of reading: looks into the ends of the body, and validates nothing.

use super::Provider;
use super::route::Route;
use super::turn::Turn;

/// How many bytes at each end of a body are looked at.
const WINDOW: usize = 4096;

/// A turn of which only model, streaming and faults are known. All of the body counts as input.
pub fn read(provider: Provider, body: &[u8], route: &Route) -> Turn<'static> {
    let mut turn = Turn { said: windows(body), ..Turn::default() };
    turn.input.bytes(body.len());
    turn.host = route.host;
    turn.sse = route.sse;
    turn.model = route.model.clone().unwrap_or_else(|| {
        let model = turn.said.split_once("\"model\":").and_then(|(_, rest)| {
            let (model, _) = rest.trim_start().strip_prefix('"')?.split_once('"')?;
            Some(model)
        });
        model.or(provider.models().first().copied()).unwrap_or_default().to_owned()
    });
    turn.stream = route.stream.unwrap_or_else(|| says(&turn.said, "\"stream\""));
    turn.include_usage = says(&turn.said, "\"include_usage\"");
    turn.said = faults_only(&turn.said);
    turn
}

fn says(text: &str, key: &str) -> bool {
    let value = text.split_once(key).and_then(|(_, rest)| rest.trim_start().strip_prefix(':'));
    value.is_some_and(|rest| rest.trim_start().starts_with("true"))
}

fn windows(body: &[u8]) -> String {
    let head = body.get(..WINDOW.min(body.len())).unwrap_or_default();
    let tail = body.get(WINDOW.max(body.len().saturating_sub(WINDOW))..).unwrap_or_default();
    let mut text = String::from_utf8_lossy(head).into_owned();
    text.push_str(&String::from_utf8_lossy(tail));
    text
}

/// Only what stands between `[[` and `]]`, so that the answer does not echo the prompt.
fn faults_only(text: &str) -> String {
    let mut faults = String::new();
    for span in text.split("[[").skip(1) {
        if let Some((fault, _)) = span.split_once("]]") {
            faults.push_str("[[");
            faults.push_str(fault);
            faults.push_str("]]");
        }
    }
    faults
}
