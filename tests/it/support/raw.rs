//! Bytes on a socket, for requests that no client library sends.

use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use super::wire::Wire;
use super::{Gateway, patiently};

/// A connection on which a test says what it likes.
pub struct Raw<S = TcpStream> {
    stream: S,
    read: Vec<u8>,
}

/// An HTTP/1.1 response.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Raw {
    /// Connects.
    pub async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, read: Vec::new() }
    }

    /// Reads one response if it has begun to come.
    pub async fn response_so_far(&mut self) -> Option<Response> {
        let mut buffer = [0; 16 * 1024];
        let count = self.stream.try_read(&mut buffer).ok().filter(|count| *count > 0)?;
        self.read.extend_from_slice(&buffer[..count]);
        self.response().await
    }
}

impl Raw<Wire> {
    /// Connects to a gateway as it is reached.
    pub async fn to(gateway: &Gateway) -> Self {
        Self::of(gateway.connect("http/1.1").await)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Raw<S> {
    /// The other end of a connection that a test was called on.
    pub const fn of(stream: S) -> Self {
        Self { stream, read: Vec::new() }
    }

    /// The connection.
    pub fn into_inner(self) -> S {
        self.stream
    }

    /// Reads one request with a length: its head and body; `None` if it did not come whole.
    pub async fn request(&mut self) -> Option<(String, String)> {
        let head = self.head().await?;
        let body = self.body(length(&head)?).await?;
        Some((head, body))
    }

    /// Reads so many bytes of a body; `None` if fewer came.
    pub async fn body(&mut self, length: usize) -> Option<String> {
        while self.read.len() < length {
            self.more().await?;
        }
        Some(String::from_utf8_lossy(&self.take(length)).into_owned())
    }

    /// Sends bytes; says whether the other side still took them.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        let sent = async {
            self.stream.write_all(bytes.as_ref()).await?;
            self.stream.flush().await
        };
        patiently(sent).await.is_ok()
    }

    /// Reads one response; `None` if the connection ended before it was whole.
    pub async fn response(&mut self) -> Option<Response> {
        loop {
            let response = self.one_response().await?;
            if response.status != 100 {
                return Some(response);
            }
        }
    }

    /// Reads one response, an interim one included.
    pub async fn one_response(&mut self) -> Option<Response> {
        let end = self.up_to(b"\r\n\r\n").await?;
        let head = String::from_utf8_lossy(&self.take(end)).into_owned();
        let status: u16 = head.split(' ').nth(1)?.parse().ok()?;
        let body = if head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
            String::from_utf8_lossy(&self.chunks().await?).into_owned()
        } else {
            self.body(length(&head).unwrap_or(0)).await?
        };
        Some(Response { status, head, body })
    }

    async fn chunks(&mut self) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let end = self.up_to(b"\r\n").await?;
            let line = self.take(end);
            let size = usize::from_str_radix(str::from_utf8(&line).ok()?.trim(), 16).ok()?;
            while self.read.len() < size + 2 {
                self.more().await?;
            }
            body.extend(self.take(size));
            self.take(2);
            if size == 0 {
                return Some(body);
            }
        }
    }

    /// A header: of an answer that has no body, or of a request whose body is not read yet.
    pub async fn head(&mut self) -> Option<String> {
        let end = self.up_to(b"\r\n\r\n").await?;
        Some(String::from_utf8_lossy(&self.take(end)).into_owned())
    }

    /// Everything until the other side closes.
    pub async fn rest(&mut self) -> String {
        while self.more().await.is_some() {}
        let all = self.read.len();
        String::from_utf8_lossy(&self.take(all)).into_owned()
    }

    async fn up_to(&mut self, mark: &[u8]) -> Option<usize> {
        loop {
            let found = self.read.windows(mark.len()).position(|window| window == mark);
            if let Some(at) = found {
                return Some(at + mark.len());
            }
            self.more().await?;
        }
    }

    fn take(&mut self, count: usize) -> Vec<u8> {
        self.read.drain(..count).collect()
    }

    async fn more(&mut self) -> Option<()> {
        // Not in the future: many of them in one would not fit on a stack.
        let mut buffer = vec![0; 16 * 1024];
        let count = patiently(self.stream.read(&mut buffer)).await.ok()?;
        self.read.extend_from_slice(&buffer[..count]);
        (count > 0).then_some(())
    }
}

/// What a header says of the length of its body.
pub fn length(head: &str) -> Option<usize> {
    let lower = head.to_ascii_lowercase();
    let length = lower.lines().find_map(|line| line.strip_prefix("content-length:"))?;
    Some(length.trim().parse().unwrap())
}

/// A whole HTTP/1.1 request with a length.
pub fn post(path: &str, headers: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\n\
         {headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}
