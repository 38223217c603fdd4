//! Content encodings of answers. Egret asks for none; a provider that compresses all the same is
//! read where that can be done whole.

use std::io::Read;

use bytes::Bytes;
use http::header::CONTENT_ENCODING;
use pingora::http::ResponseHeader;

/// Whether a body is as it is.
pub fn is_identity(header: Option<&ResponseHeader>) -> bool {
    encoding(header).is_none_or(|encoding| encoding == b"identity")
}

/// The plain body; `None` if its encoding is not known here, is broken, or makes more than
/// `limit` bytes (a bomb, S-48).
pub fn plain(header: Option<&ResponseHeader>, body: Bytes, limit: usize) -> Option<Bytes> {
    match encoding(header) {
        None | Some(b"identity") => Some(body),
        Some(b"gzip") => {
            let mut plain = Vec::new();
            let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
            let read = flate2::read::MultiGzDecoder::new(&*body).take(most).read_to_end(&mut plain);
            (read.is_ok() && plain.len() <= limit).then(|| plain.into())
        }
        Some(_) => None,
    }
}

fn encoding(header: Option<&ResponseHeader>) -> Option<&[u8]> {
    header?.headers.get(CONTENT_ENCODING).map(|value| value.as_bytes())
}
