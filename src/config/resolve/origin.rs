//! The URL of a backend, taken apart.

use http::Uri;

use crate::snapshot::Origin;

/// Where a backend is, and whether the way there is encrypted.
pub(super) struct Location {
    pub origin: Origin,
    pub tls: bool,
}

/// Takes a base URL apart, or says what is wrong and what to write. A URL may hold a password, so
/// no message repeats it; `versioned` is whether the paths behind it begin with a version, `example`
/// is a right one.
pub(super) fn locate(
    url: &str,
    versioned: bool,
    example: &str,
) -> Result<Location, (&'static str, String)> {
    let wrong = |what| Err((what, format!("a base URL such as {example}")));
    // `Uri` drops a fragment without a word.
    if url.contains('#') {
        return wrong("the URL holds a fragment (`#…`)");
    }
    if url.contains('?') {
        return wrong("the URL holds a query (`?…`)");
    }
    let Ok(uri) = url.parse::<Uri>() else { return wrong("this is not a URL") };
    let (tls, default_port) = match uri.scheme_str() {
        Some("https") => (true, 443),
        Some("http") => (false, 80),
        _ => return wrong("the URL begins neither with https:// nor with http://"),
    };
    let Some(authority) = uri.authority() else { return wrong("the URL holds no host") };
    if authority.as_str().contains('@') {
        return wrong("the URL holds a user or a password; `credential` is the place for it");
    }
    let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    if host.is_empty() {
        return wrong("the URL holds no host");
    }
    // `port()` is `None` for none and for what is not a port alike.
    let stated = authority.as_str().strip_prefix(authority.host()).unwrap_or_default();
    let port = match stated.strip_prefix(':') {
        None => default_port,
        Some(port) => match port.parse() {
            Ok(port) if port != 0 => port,
            _ => return wrong("the URL holds a port that is none"),
        },
    };
    let prefix = uri.path().trim_end_matches('/');
    let sound = |segment: &str| !matches!(segment, "" | "." | "..");
    if !prefix.split('/').skip(1).all(sound) || prefix.contains('%') || prefix.contains('\\') {
        return wrong("the URL's path holds an empty or a relative segment, `%` or `\\`");
    }
    check_version(versioned, &host, prefix)?;
    Ok(Location { origin: Origin { host, port, prefix: prefix.to_owned() }, tls })
}

/// Each SDK's base URL ends in its own way, and a URL of the other kind answers 404 to all.
fn check_version(versioned: bool, host: &str, prefix: &str) -> Result<(), (&'static str, String)> {
    let version = prefix.rsplit('/').next().unwrap_or_default();
    match versioned {
        false if host == "api.openai.com" && prefix.is_empty() => {
            Err(("OpenAI's base URL ends in /v1", "https://api.openai.com/v1".to_owned()))
        }
        true if matches!(version, "v1" | "v1beta") => {
            let what = "this schema's paths hold the version already; it would be there twice";
            Err((what, format!("the URL without the `/{version}` at its end")))
        }
        _ => Ok(()),
    }
}
