//! HTTP/2 frame by frame, for what no client library sends.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::wire::Wire;
use super::{Gateway, patiently};

/// What every connection begins with.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Kinds of frames (RFC 9113, 6).
pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const PRIORITY: u8 = 2;
pub const RESET: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PUSH_PROMISE: u8 = 5;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;

/// Flags.
pub const ACK: u8 = 1;
pub const END_STREAM: u8 = 1;
pub const END_HEADERS: u8 = 4;
pub const PADDED: u8 = 8;

/// How large an answer the other side may send at once.
pub const INITIAL_WINDOW: u16 = 4;

/// A header: name and value, as they are.
pub type Header<'a> = (&'a [u8], &'a [u8]);

/// A frame that came.
#[derive(Debug)]
pub struct Frame {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was answered with this status.
    Status(u16),
    /// Its stream was reset, for this reason.
    Reset(u32),
    /// The connection was ended, for this reason.
    GoAway(u32),
    /// The connection was closed without a word.
    Closed,
}

/// A connection on which a test says what it likes.
pub struct Frames {
    stream: Wire,
    read: Vec<u8>,
    settings: Vec<u8>,
}

impl Frames {
    /// Connects and says hello.
    pub async fn connect(gateway: &Gateway) -> Self {
        Self::with_settings(gateway, &[]).await
    }

    /// Connects and says hello with these settings.
    pub async fn with_settings(gateway: &Gateway, settings: &[(u16, u32)]) -> Self {
        let stream = gateway.connect("h2").await;
        let mut frames = Self { stream, read: Vec::new(), settings: Vec::new() };
        let settings: Vec<u8> = settings
            .iter()
            .flat_map(|(id, value)| [&id.to_be_bytes()[..], &value.to_be_bytes()].concat())
            .collect();
        frames.bytes(PREFACE).await;
        frames.send(SETTINGS, 0, 0, &settings).await;
        frames
    }

    /// Sends bytes; says whether the other side still took them.
    pub async fn bytes(&mut self, bytes: &[u8]) -> bool {
        let sent = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        patiently(sent).await.is_ok()
    }

    /// Sends bytes for as long as the other side takes them; says how many it took. One that stops
    /// reading is a good end of a flood.
    pub async fn flood(&mut self, bytes: &[u8]) -> usize {
        let mut sent = 0;
        let patience = std::time::Duration::from_secs(3);
        while sent < bytes.len() {
            match tokio::time::timeout(patience, self.stream.write(&bytes[sent..])).await {
                Ok(Ok(count)) => sent += count,
                Ok(Err(_)) | Err(_) => return sent,
            }
        }
        // By TLS the last of it may not have gone out yet; that it never can is a good end, too.
        let _ = tokio::time::timeout(patience, self.stream.flush()).await;
        sent
    }

    /// Sends a frame; says whether the other side still took it.
    pub async fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> bool {
        self.bytes(&frame(kind, flags, stream, payload)).await
    }

    /// The next frame; `None` once the connection is closed.
    pub async fn next(&mut self) -> Option<Frame> {
        let head = self.take(9).await?;
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        let stream = u32::from_be_bytes([head[5] & 0x7f, head[6], head[7], head[8]]);
        let payload = self.take(length).await?;
        Some(Frame { kind: head[3], flags: head[4], stream, payload })
    }

    /// What becomes of the request on this stream, which must be the first to be answered here.
    pub async fn outcome(&mut self, stream: u32) -> Outcome {
        while let Some(frame) = self.next().await {
            match frame.kind {
                HEADERS if frame.stream == stream => {
                    return Outcome::Status(status(&frame.payload));
                }
                RESET if frame.stream == stream => return Outcome::Reset(code(&frame.payload, 0)),
                GOAWAY => return Outcome::GoAway(code(&frame.payload, 4)),
                SETTINGS if frame.flags & ACK == 0 => {
                    self.settings.extend(frame.payload);
                    self.send(SETTINGS, ACK, 0, &[]).await;
                }
                _ => {}
            }
        }
        Outcome::Closed
    }

    /// Reads until this stream's answer has ended; its header must have been read.
    pub async fn until_end_of(&mut self, stream: u32) {
        loop {
            let frame = self.next().await.expect("the connection lives");
            let ends = matches!(frame.kind, HEADERS | DATA) && frame.flags & END_STREAM != 0;
            if frame.stream == stream && ends {
                return;
            }
        }
    }

    /// What the other side's settings, as far as they have been read, say of this.
    pub fn told(&self, setting: u16) -> Option<u32> {
        let mut all = self.settings.chunks_exact(6);
        let said = all.find(|one| one[..2] == setting.to_be_bytes())?;
        Some(code(said, 2))
    }

    /// Reads until the connection is closed; says why it was, if it was said.
    pub async fn end(&mut self) -> Option<u32> {
        let mut why = None;
        while let Some(frame) = self.next().await {
            if frame.kind == GOAWAY {
                why = Some(code(&frame.payload, 4));
            }
        }
        why
    }

    async fn take(&mut self, count: usize) -> Option<Vec<u8>> {
        while self.read.len() < count {
            let mut buffer = vec![0; 16 * 1024];
            let read = patiently(self.stream.read(&mut buffer)).await.ok()?;
            if read == 0 {
                return None;
            }
            self.read.extend_from_slice(&buffer[..read]);
        }
        Some(self.read.drain(..count).collect())
    }
}

/// A frame as it is on the wire.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// Headers, each a literal that is not indexed (RFC 7541, 6.2.2).
pub fn block(headers: &[Header<'_>]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in headers {
        block.push(0);
        for text in [name, value] {
            integer(&mut block, 0, 7, text.len());
            block.extend_from_slice(text);
        }
    }
    block
}

/// A number in the low bits of its first byte, and in as many more as it takes (RFC 7541, 5.1).
pub fn integer(block: &mut Vec<u8>, first: u8, bits: u8, number: usize) {
    let most = (1 << bits) - 1;
    if number < most {
        block.push(first | u8::try_from(number).unwrap());
        return;
    }
    block.push(first | u8::try_from(most).unwrap());
    let mut rest = number - most;
    while rest >= 128 {
        block.push(0x80 | u8::try_from(rest % 128).unwrap());
        rest /= 128;
    }
    block.push(u8::try_from(rest).unwrap());
}

fn code(payload: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(payload[at..at + 4].try_into().unwrap())
}

/// The status of a connection's first answer: the first field of its header block.
fn status(block: &[u8]) -> u16 {
    // The size of the dynamic table may come first.
    let block = &block[usize::from(block[0] & 0xe0 == 0x20)..];
    match block[0] {
        0x88 => 200,
        0x89 => 204,
        0x8a => 206,
        0x8b => 304,
        0x8c => 400,
        0x8d => 404,
        0x8e => 500,
        _ => digits(&block[1..]).parse().unwrap(),
    }
}

/// A string of digits, plain or by Huffman's code.
fn digits(text: &[u8]) -> String {
    let length = usize::from(text[0] & 0x7f);
    if text[0] & 0x80 == 0 {
        return String::from_utf8(text[1..=length].to_vec()).unwrap();
    }
    let bits: String = text[1..=length].iter().map(|byte| format!("{byte:08b}")).collect();
    let (mut rest, mut digits) = (bits.as_str(), String::new());
    while digits.len() < 3 {
        let long = u32::from_str_radix(&rest[..6], 2).unwrap();
        let (digit, width) =
            if long >= 0b01_1001 { (long - 0b01_1001 + 3, 6) } else { (long >> 1, 5) };
        digits += &digit.to_string();
        rest = &rest[width..];
    }
    digits
}
