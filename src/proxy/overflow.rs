//! Connections that there is no room for: some are told so, all are closed.
//!
//! Who is told is heard out first: a connection that is closed with bytes unread is reset, and the
//! answer may be lost. That takes memory and time, so only a few are told at once, each in a
//! second; the others are closed without a word. So an attacker who opens connections gains
//! nothing, and a caller that is merely one too many learns why.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use pingora::protocols::Stream;
use providers::conversation::{ApiError, ErrorClass};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use super::connections::Full;
use super::ingress;

/// Most callers that are told at once.
const TOLD: usize = 64;
/// Longest time for that.
const PATIENCE: Duration = Duration::from_secs(1);
/// Most bytes that are read of what such a caller sends, and how many at a time.
const HEARD: usize = 256 << 10;
const PIECE: usize = 4 << 10;
/// How soon the caller may try again.
const RETRY: Duration = Duration::from_secs(1);
/// How often the same is logged at most.
const SELDOM: Duration = Duration::from_secs(60);

/// What is done with them.
#[derive(Debug)]
pub struct Overflow {
    room: Semaphore,
    in_all: Seldom,
    from_one: Seldom,
}

impl Default for Overflow {
    fn default() -> Self {
        let (in_all, from_one) = (Seldom::default(), Seldom::default());
        Self { room: Semaphore::new(TOLD), in_all, from_one }
    }
}

impl Overflow {
    /// Says in the log that connections are refused, once a minute.
    pub fn log(&self, full: Full) {
        let (seldom, address) = match full {
            Full::InAll(_) => (&self.in_all, None),
            Full::FromOne(_, address) => (&self.from_one, Some(address)),
        };
        let Some(count) = seldom.say(Instant::now()) else { return };
        match address {
            Some(last) => {
                log::warn!("{full}: {count} refused since the last such line, now {last}")
            }
            None => log::warn!("{full}: {count} refused since the last such line"),
        }
    }

    /// Tells a caller in plaintext, if it asks over HTTP/1.1 and not too many are being told.
    pub async fn tell(&self, stream: Stream, full: Full, id: String) {
        let Ok(_room) = self.room.try_acquire() else { return };
        // On the heap: every connection's future would have room for it.
        let telling = Box::pin(tell(stream, full, id));
        // Whoever takes longer, or is gone, is not told.
        let _ = timeout(PATIENCE, telling).await;
    }
}

async fn tell(mut stream: Stream, full: Full, id: String) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    let begun = stream.read(&mut piece).await?;
    let begun = piece.get(..begun).unwrap_or_default();
    // Over HTTP/2 it would be no answer, and to what is no HTTP neither.
    if !begun.first().is_some_and(u8::is_ascii_uppercase) || begun.starts_with(b"PRI ") {
        return Ok(());
    }
    stream.write_all(&answer(begun, full, &id)).await?;
    stream.flush().await?;
    AsyncWriteExt::shutdown(&mut stream).await?;
    let mut heard = 0;
    while heard < HEARD {
        match stream.read(&mut piece).await? {
            0 => break,
            more => heard += more,
        }
    }
    Ok(())
}

/// The whole answer, in the schema of what has begun to come.
fn answer(begun: &[u8], full: Full, id: &str) -> Vec<u8> {
    let message = format!("{full}; use those that are open, or try again soon");
    let error = ApiError::new(ErrorClass::Overloaded, message);
    let error = ApiError { status: Some(503), retry_after: Some(RETRY), ..error };
    let (_, body) = ingress::schema_of(begun).codec().encode_error(&error, id);
    let head = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nretry-after: {}\r\nconnection: close\r\n\r\n",
        body.len(),
        RETRY.as_secs(),
    );
    [head.into_bytes(), body].concat()
}

/// Something that is said once a minute at most.
#[derive(Debug, Default)]
struct Seldom {
    since: Mutex<Since>,
}

#[derive(Debug, Default)]
struct Since {
    said: Option<Instant>,
    unsaid: u64,
}

impl Seldom {
    /// How often it came since it was said last, this time included; `None` if that was just now.
    fn say(&self, now: Instant) -> Option<u64> {
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        since.unsaid += 1;
        if since.said.is_some_and(|said| now < said + SELDOM) {
            return None;
        }
        since.said = Some(now);
        Some(std::mem::take(&mut since.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_said_once_a_minute_with_how_often_it_came() {
        let (seldom, start) = (Seldom::default(), Instant::now());
        let said = [0, 0, 59, 60, 61, 200].map(|second| {
            let now = start + Duration::from_secs(second);
            seldom.say(now)
        });
        assert_eq!(said, [Some(1), None, None, Some(3), None, Some(2)]);
    }
}
