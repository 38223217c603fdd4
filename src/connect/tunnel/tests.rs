#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use super::*;

const AGREED: &[u8] = b"HTTP/1.1 200 Connection established\r\nVia: corp\r\n\r\n";

fn origin(host: &str) -> Origin {
    Origin { host: host.to_owned(), port: 8443, prefix: String::new() }
}

/// What becomes of an answer that comes in these pieces: agreed, not yet all said, a status, or
/// nonsense (0).
fn judged<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<bool, u16> {
    let mut answer = Answer::default();
    for piece in pieces {
        match answer.take(piece) {
            Ok(false) => {}
            Ok(true) => return Ok(true),
            Err(AtProxy::Answered(status)) => return Err(status),
            Err(_) => return Err(0),
        }
    }
    Ok(false)
}

#[test]
fn only_a_2xx_and_nothing_behind_it_opens_a_tunnel() {
    let table: [(&[u8], Result<bool, u16>); 17] = [
        (AGREED, Ok(true)),
        (b"HTTP/1.0 200\r\n\r\n", Ok(true)),
        (b"HTTP/1.1 204 No Content\r\n\r\n", Ok(true)),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", Ok(true)),
        (b"HTTP/1.1 100 Continue\r\n\r\n", Ok(false)),
        (b"HTTP/1.1 200 OK\r\n", Ok(false)),
        (b"", Ok(false)),
        (b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK", Err(0)),
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n<html>", Err(407)),
        (b"HTTP/1.1 301 Moved\r\nLocation: http://elsewhere\r\n\r\n", Err(301)),
        (b"HTTP/1.1 503 Busy\r\n\r\n", Err(503)),
        (b"HTTP/2 200\r\n\r\n", Err(0)),
        (b"HTTP/1.1 2000 OK\r\n\r\n", Err(0)),
        (b"HTTP/1.1 +20 OK\r\n\r\n", Err(0)),
        (b"HTTP/1.1  200 OK\r\n\r\n", Err(0)),
        (b"200 OK\r\n\r\n", Err(0)),
        (b"\r\n\r\n", Err(0)),
    ];
    for (answer, expected) in table {
        assert_eq!(judged([answer]), expected, "{}", answer.escape_ascii());
        if expected != Err(0) {
            assert_eq!(judged(answer.chunks(1)), expected, "{}", answer.escape_ascii());
        }
    }
}

#[tokio::test]
async fn an_address_of_ipv6_is_asked_for_in_brackets() {
    let (mut ours, mut theirs) = duplex(1024);
    theirs.write_all(AGREED).await.unwrap();
    open(&mut ours, &origin("2001:db8::1"), None).await.unwrap();
    drop(ours);
    let mut asked = String::new();
    theirs.read_to_string(&mut asked).await.unwrap();
    let expected = "CONNECT [2001:db8::1]:8443 HTTP/1.1\r\nHost: [2001:db8::1]:8443\r\n\r\n";
    assert_eq!(asked, expected);
}

#[tokio::test]
async fn an_answer_that_comes_byte_by_byte_is_taken_and_one_without_an_end_is_not() {
    let (mut ours, mut theirs) = duplex(1024);
    let dribble = tokio::spawn(async move {
        for byte in AGREED {
            theirs.write_all(&[*byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
        theirs
    });
    assert!(open(&mut ours, &origin("a"), None).await.is_ok());
    drop(dribble.await.unwrap());

    let (mut ours, mut theirs) = duplex(1024);
    let flood = tokio::spawn(async move {
        theirs.write_all(b"HTTP/1.1 200 OK\r\nX: ").await.unwrap();
        let mut written = 0;
        while theirs.write_all(&[b'x'; 512]).await.is_ok() {
            written += 512;
        }
        written
    });
    assert!(matches!(open(&mut ours, &origin("a"), None).await, Err(AtProxy::Nonsense)));
    drop(ours);
    assert!(flood.await.unwrap() <= LONGEST + 2048);

    let (mut ours, theirs) = duplex(1024);
    drop(theirs);
    assert!(open(&mut ours, &origin("a"), None).await.is_err());
}

proptest! {
    /// Whatever a proxy says, it is judged the same however it comes; but what stands behind an
    /// agreement is seen only if it comes with it.
    #[test]
    fn any_answer_is_judged_the_same_however_it_is_cut(
        answer in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..200),
            proptest::collection::vec(
                r"HTTP/1\.[0-2] [0-9]{2,4}( [A-Za-z]{0,9})?\r\n([A-Z]: [a-z]{0,9}\r\n){0,3}\r\n",
                1..4,
            ).prop_map(|answers| answers.concat().into_bytes()),
        ],
        size in 1_usize..30,
    ) {
        let (whole, cut) = (judged([&*answer]), judged(answer.chunks(size)));
        prop_assert!(cut == whole || (whole, cut) == (Err(0), Ok(true)), "{whole:?} {cut:?}");
    }
}
