//! The load's own side of HTTP/1.1: as little as keeps it honest. Every answer is read to its end
//! and must be a 200.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A request for a model turn by the caller of this key or token, as bytes.
pub fn request(body: &str, key: &str) -> Vec<u8> {
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\naccept: application/json\r\n\
         user-agent: bench\r\ncontent-length: {}\r\n\r\n",
        key,
        body.len()
    );
    [head.as_bytes(), body.as_bytes()].concat()
}

/// A connection that is kept alive.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// How an answer's body is framed.
enum Framing {
    Length(usize),
    Chunked,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(8 * 1024) })
    }

    pub async fn send(&mut self, request: &[u8]) -> io::Result<()> {
        self.stream.write_all(request).await
    }

    /// Sends a request and reads its whole answer.
    pub async fn exchange(&mut self, request: &[u8]) -> io::Result<()> {
        self.send(request).await?;
        self.each_piece(|_| {}).await
    }

    /// Reads an answer; `piece` gets its body as it comes.
    pub async fn each_piece(&mut self, mut piece: impl FnMut(&[u8])) -> io::Result<()> {
        match self.head().await? {
            Framing::Length(mut left) => loop {
                let have = self.buffer.len().min(left);
                piece(&self.buffer[..have]);
                self.buffer.drain(..have);
                left -= have;
                if left == 0 {
                    return Ok(());
                }
                self.more().await?;
            },
            Framing::Chunked => {
                let mut chunks = Chunks::default();
                loop {
                    let done = chunks.read(&mut self.buffer, &mut piece)?;
                    if done {
                        return Ok(());
                    }
                    self.more().await?;
                }
            }
        }
    }

    async fn head(&mut self) -> io::Result<Framing> {
        let end = loop {
            match self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                Some(at) => break at + 4,
                None => self.more().await?,
            }
        };
        let head = String::from_utf8_lossy(&self.buffer[..end]).to_ascii_lowercase();
        if !head.starts_with("http/1.1 200 ") {
            return Err(io::Error::other(String::from_utf8_lossy(&self.buffer).into_owned()));
        }
        self.buffer.drain(..end);
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        match length.and_then(|length| length.trim().parse().ok()) {
            Some(length) => Ok(Framing::Length(length)),
            None if head.contains("transfer-encoding: chunked") => Ok(Framing::Chunked),
            None => Err(io::Error::other("an answer without a length")),
        }
    }

    async fn more(&mut self) -> io::Result<()> {
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            return Err(io::Error::other("closed in the middle of an answer"));
        }
        Ok(())
    }
}

/// Takes chunked framing off.
#[derive(Default)]
struct Chunks {
    /// Bytes left of the chunk at hand, its CR LF included.
    left: usize,
    last: bool,
}

impl Chunks {
    /// Takes what is there out of `buffer`. Whether the body is over.
    fn read(&mut self, buffer: &mut Vec<u8>, piece: &mut impl FnMut(&[u8])) -> io::Result<bool> {
        let mut at = 0;
        let over = loop {
            let rest = &buffer[at..];
            if self.left > 0 {
                let have = rest.len().min(self.left);
                piece(&rest[..have.min(self.left.saturating_sub(2))]);
                self.left -= have;
                at += have;
                if self.left > 0 {
                    break false;
                }
            } else if self.last {
                break true;
            } else {
                let Some(end) = rest.windows(2).position(|w| w == b"\r\n") else { break false };
                let size = String::from_utf8_lossy(&rest[..end]);
                let size = usize::from_str_radix(size.trim(), 16).map_err(io::Error::other)?;
                self.last = size == 0;
                self.left = size + 2;
                at += end + 2;
            }
        };
        buffer.drain(..at);
        Ok(over)
    }
}
