//! Through an HTTP proxy: CONNECT (RFC 9110, section 9.3.6).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use zeroize::Zeroizing;

use super::unreached::AtProxy;
use crate::snapshot::{Origin, ProxyCredential, ProxyScheme};

/// Most bytes of a proxy's answer. What else it has to say is for browsers.
const LONGEST: usize = 16 * 1024;
/// Where the head of an answer ends.
const END: &[u8] = b"\r\n\r\n";

/// Makes `stream`, which leads to a proxy, lead to `origin`.
///
/// # Errors
///
/// The proxy doesn't, or says something else than an answer to this.
pub(super) async fn open<S>(
    stream: &mut S,
    origin: &Origin,
    credential: Option<&ProxyCredential>,
) -> Result<(), AtProxy>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let request = request(origin, credential);
    stream.write_all(request.as_bytes()).await.map_err(AtProxy::Broken)?;
    stream.flush().await.map_err(AtProxy::Broken)?;
    drop(request);
    let mut answer = Answer::default();
    loop {
        let mut piece = [0; 512];
        let count = match stream.read(&mut piece).await.map_err(AtProxy::Broken)? {
            0 => return Err(AtProxy::Nonsense),
            count => count,
        };
        if answer.take(piece.get(..count).unwrap_or_default())? {
            return Ok(());
        }
    }
}

/// What the proxy is asked. Holds the credential.
fn request(origin: &Origin, credential: Option<&ProxyCredential>) -> Zeroizing<String> {
    let Origin { host, port, .. } = origin;
    let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
    let head = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n");
    let secret = credential.map(|credential| credential.secret.current());
    let secret = secret.as_ref().map(|secret| secret.expose()).unwrap_or_default();
    // All the room there can be a need for: growing would leave a copy of the secret behind.
    let mut request = Zeroizing::new(String::with_capacity(head.len() + 2 * secret.len() + 64));
    request.push_str(&head);
    if let Some(ProxyCredential { scheme, .. }) = credential {
        request.push_str("Proxy-Authorization: ");
        match scheme {
            ProxyScheme::Basic => {
                request.push_str("Basic ");
                STANDARD.encode_string(secret, &mut request);
            }
            ProxyScheme::Bearer => {
                request.push_str("Bearer ");
                // A secret is visible ASCII.
                request.push_str(str::from_utf8(secret).unwrap_or_default());
            }
        }
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    request
}

/// What a proxy has said so far.
#[derive(Default)]
struct Answer {
    /// All that is not judged yet.
    said: Vec<u8>,
}

impl Answer {
    /// Takes more of it in; whether the proxy has agreed. Answers that only inform are taken out.
    fn take(&mut self, piece: &[u8]) -> Result<bool, AtProxy> {
        // An end may have begun in the last piece; what is before that was looked at.
        let mut from = self.said.len().saturating_sub(END.len() - 1);
        self.said.extend_from_slice(piece);
        while let Some(at) = self.said.get(from..).and_then(|new| memmem::find(new, END)) {
            let rest = self.said.split_off(from + at + END.len());
            match status(&self.said).ok_or(AtProxy::Nonsense)? {
                100..200 => (self.said, from) = (rest, 0),
                // The backend can't have said anything yet: it is spoken to first.
                200..300 if rest.is_empty() => return Ok(true),
                200..300 => return Err(AtProxy::Nonsense),
                refused => return Err(AtProxy::Answered(refused)),
            }
        }
        if self.said.len() < LONGEST { Ok(false) } else { Err(AtProxy::Nonsense) }
    }
}

/// The status of an answer.
fn status(head: &[u8]) -> Option<u16> {
    let rest = head.strip_prefix(b"HTTP/1.1 ").or_else(|| head.strip_prefix(b"HTTP/1.0 "))?;
    let (digits, after) = rest.split_at_checked(3)?;
    let ends = after.first().is_some_and(|byte| matches!(byte, b' ' | b'\r'));
    let digits = str::from_utf8(digits).ok().filter(|_| ends)?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|status| plain && (100..600).contains(status))
}

#[cfg(test)]
mod tests;
