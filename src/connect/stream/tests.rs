#![allow(clippy::unwrap_used)]

use tokio::io::AsyncReadExt;

use super::*;

/// A socket that the other end has closed after it said something.
struct Closed(&'static [u8]);

impl AsyncRead for Closed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        buffer.put_slice(std::mem::take(&mut self.0));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Closed {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(ErrorKind::BrokenPipe.into()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Err(ErrorKind::ConnectionReset.into()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn over_h2_what_has_come_is_read_although_nothing_can_be_written() {
    let mut stream = Transport::new(Closed(b"why"), 7, Some(ALPN::H2));
    stream.flush().await.unwrap();
    stream.write_all(b"a request").await.unwrap();
    let written = stream.write_vectored(&[IoSlice::new(b"12"), IoSlice::new(b"3")]).await;
    assert_eq!(written.unwrap(), 3);
    let mut said = String::new();
    stream.read_to_string(&mut said).await.unwrap();
    assert_eq!(said, "why");
}

#[tokio::test]
async fn over_http1_a_request_that_can_not_be_written_is_an_error() {
    let mut stream = Transport::new(Closed(b""), 7, Some(ALPN::H1));
    let error = stream.write_all(b"a request").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    assert!(stream.flush().await.is_err());
}
