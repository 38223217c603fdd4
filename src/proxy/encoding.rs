//! Content encodings of answers. Egret asks for none; a provider that compresses all the same is
//! read where that can be done whole.

use std::io::Read;

use brotli::Decompressor;
use bytes::Bytes;
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use http::header::CONTENT_ENCODING;
use pingora::http::ResponseHeader;
use zstd::stream::read::Decoder;

/// How many times as large an answer may be as it came. JSON gets to about 20.
const RATIO: usize = 200;
/// Any answer may be so large.
const SMALL: usize = 1 << 20;
/// Largest window of zstd, as a power of two: what RFC 9659 has on the web.
const ZSTD_WINDOW: u32 = 23;
/// Read from brotli at a time.
const PIECE: usize = 4096;

/// Whether a body is as it is.
pub fn is_identity(header: Option<&ResponseHeader>) -> bool {
    matches!(encoding(header), Encoding::None)
}

/// The plain body; `None` if its encoding is not known here, is one inside another, is broken, or
/// makes more than `limit` bytes, or many times as many as came (a bomb, S-48).
pub fn plain(header: Option<&ResponseHeader>, body: Bytes, limit: usize) -> Option<Bytes> {
    let Encoding::One(encoding) = encoding(header) else {
        return is_identity(header).then_some(body);
    };
    let limit = limit.min(body.len().saturating_mul(RATIO).max(SMALL));
    let is = |name: &str| encoding.eq_ignore_ascii_case(name.as_bytes());
    if is("gzip") || is("x-gzip") {
        read(MultiGzDecoder::new(&*body), limit)
    } else if is("deflate") {
        read(ZlibDecoder::new(&*body), limit)
    } else if is("br") {
        read(Decompressor::new(&*body, PIECE), limit)
    } else if is("zstd") {
        let mut decoder = Decoder::with_buffer(&*body).ok()?;
        decoder.window_log_max(ZSTD_WINDOW).ok()?;
        read(decoder, limit)
    } else {
        None
    }
}

fn read(decoder: impl Read, limit: usize) -> Option<Bytes> {
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut plain = Vec::new();
    let read = decoder.take(most).read_to_end(&mut plain);
    (read.is_ok() && plain.len() <= limit).then(|| plain.into())
}

/// What a header says of its body.
enum Encoding<'a> {
    None,
    One(&'a [u8]),
    Several,
}

fn encoding(header: Option<&ResponseHeader>) -> Encoding<'_> {
    let Some(header) = header else { return Encoding::None };
    let mut values = header.headers.get_all(CONTENT_ENCODING).iter();
    match (values.next().map(|value| value.as_bytes().trim_ascii()), values.next()) {
        (None | Some(b"" | b"identity"), None) => Encoding::None,
        (Some(one), None) => Encoding::One(one),
        _ => Encoding::Several,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Write;

    use super::*;

    const LIMIT: usize = 64 << 20;

    fn header(encodings: &[&str]) -> ResponseHeader {
        let mut header = ResponseHeader::build(200, None).unwrap();
        for encoding in encodings {
            header.append_header(CONTENT_ENCODING, *encoding).unwrap();
        }
        header
    }

    fn encoded(encoding: &str, plain: &[u8]) -> Bytes {
        let level = flate2::Compression::best();
        match encoding {
            "gzip" => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
                encoder.write_all(plain).unwrap();
                encoder.finish().unwrap()
            }
            "deflate" => {
                let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), level);
                encoder.write_all(plain).unwrap();
                encoder.finish().unwrap()
            }
            "br" => {
                let mut encoder = brotli::CompressorWriter::new(Vec::new(), PIECE, 5, 22);
                encoder.write_all(plain).unwrap();
                encoder.into_inner()
            }
            _ => zstd::encode_all(plain, 19).unwrap(),
        }
        .into()
    }

    /// S-48: each is read, and none is a bomb.
    #[test]
    fn s_48_encodings_are_read_up_to_a_ratio_and_a_size() {
        let text: Vec<u8> = (0..200_000_u32).flat_map(u32::to_be_bytes).collect();
        for encoding in ["gzip", "deflate", "br", "zstd"] {
            let body = encoded(encoding, &text);
            let read = |body: &Bytes, limit| plain(Some(&header(&[encoding])), body.clone(), limit);
            assert_eq!(read(&body, LIMIT).unwrap(), text, "{encoding}");
            assert_eq!(read(&body, text.len() - 1), None, "{encoding}: a size");
            let bomb = encoded(encoding, &vec![b' '; 32 << 20]);
            assert!(bomb.len() < 64 << 10, "{encoding}: {}", bomb.len());
            assert_eq!(read(&bomb, LIMIT), None, "{encoding}: a ratio");
            let small = encoded(encoding, &[b' '; 100_000]);
            assert_eq!(read(&small, LIMIT).unwrap().len(), 100_000, "{encoding}: small");
            assert_eq!(read(&body.slice(..body.len() / 2), LIMIT), None, "{encoding}: cut");
            assert_eq!(read(&Bytes::from_static(b"\xff\xfe nonsense"), LIMIT), None, "{encoding}");
            let twice = header(&[encoding, encoding]);
            assert_eq!(plain(Some(&twice), body.clone(), LIMIT), None, "{encoding} twice");
            let listed = header(&[&format!("{encoding}, identity")]);
            assert_eq!(plain(Some(&listed), body, LIMIT), None, "a list with {encoding}");
        }
        let as_it_is = Bytes::from_static(b"{}");
        for identity in [&header(&[]), &header(&["identity"])] {
            assert_eq!(plain(Some(identity), as_it_is.clone(), LIMIT), Some(as_it_is.clone()));
        }
        assert_eq!(plain(Some(&header(&["compress"])), as_it_is, LIMIT), None);
    }
}
