//! An answer on its way out: the frames of a reply at their pace, bent by the script's faults.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, HeaderName, HeaderValue};

use super::exchange::Case;
use super::frame::Frame;
use super::host::Host;
use super::openai::{chat, responses};
use super::playback::Step;
use super::rejection::Rejection;
use super::route::{Api, Route};
use super::script::{Canned, Fault};
use super::turn::{Reply, Turn};
use super::{claude, gemini, gzip};

/// How long a cut waits, so that what was written before it goes out.
const BEFORE_CUT: Duration = Duration::from_millis(10);

/// An answer that is not streamed counts as events of so many bytes.
const PIECE: usize = 256;

/// What is sent back.
pub(super) struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub steps: Vec<Step>,
    /// Whether the length is told beforehand.
    pub whole: bool,
}

impl Case<'_> {
    /// Writes a reply in the provider's schema.
    pub(super) fn write(
        &self,
        route: &Route,
        turn: &Turn<'_>,
        reply: &Reply,
        faults: &[Fault],
    ) -> Answer {
        let broken =
            |fault: &Fault| matches!(fault, Fault::Cut(_) | Fault::Stall(_) | Fault::Error(..));
        let (frames, kind) = if turn.stream {
            let frames = match route.api {
                Api::Chat => chat::stream(turn, reply),
                Api::Responses => responses::stream(turn, reply),
                Api::Messages => claude::stream(turn, reply),
                Api::Generate => gemini::stream(turn, reply),
            };
            let array = route.api == Api::Generate && !turn.sse;
            let kind = match turn.host {
                Host::Bedrock => "application/vnd.amazon.eventstream",
                _ if array => "application/json",
                _ => "text/event-stream",
            };
            (frames, kind)
        } else {
            let body = match route.api {
                Api::Chat => chat::answer(turn, reply),
                Api::Responses => responses::answer(turn, reply),
                Api::Messages => claude::answer(turn, reply),
                Api::Generate => gemini::answer(turn, reply),
            };
            let body = Bytes::from(body.to_string());
            let size = if faults.iter().any(broken) { PIECE } else { body.len() };
            let pieces = body.chunks(size.max(1)).map(|piece| body.slice_ref(piece));
            (pieces.map(|bytes| Frame { bytes, text: false }).collect(), "application/json")
        };
        let mut answer = self.page(200, kind, "");
        answer.whole = !turn.stream && !faults.iter().any(broken);
        answer.steps = self.steps(route, turn, reply, frames, faults);
        for fault in faults {
            match fault {
                Fault::Gzip => zip(&mut answer),
                Fault::Drip(bytes, every) => drip(&mut answer, *bytes, *every),
                _ => {}
            }
        }
        answer
    }

    /// The frames at their pace, up to where a fault ends them.
    fn steps(
        &self,
        route: &Route,
        turn: &Turn<'_>,
        reply: &Reply,
        frames: Vec<Frame>,
        faults: &[Fault],
    ) -> Vec<Step> {
        let (mut pace, mut stamp) = (Duration::ZERO, false);
        for fault in faults {
            if let Fault::Chunks { every, stamped, .. } = fault {
                (pace, stamp) = (*every, *stamped);
            }
        }
        let mut steps = Vec::with_capacity(frames.len() + 2);
        for (at, frame) in frames.into_iter().enumerate() {
            for fault in faults {
                match fault {
                    Fault::Cut(after) if *after == at => {
                        steps.extend([Step::Wait(BEFORE_CUT), Step::Cut]);
                        return steps;
                    }
                    Fault::Stall(Some(after)) if *after == at => {
                        steps.push(Step::Stall);
                        return steps;
                    }
                    Fault::Error(after, status) if *after == at => {
                        steps.extend(self.failure(route, turn, reply, at, *status));
                        return steps;
                    }
                    _ => {}
                }
            }
            if frame.text && !pace.is_zero() {
                steps.push(Step::Wait(pace));
            }
            let stamped = stamp && frame.text;
            steps.push(if stamped { Step::Stamped(frame.bytes) } else { Step::Data(frame.bytes) });
        }
        steps
    }

    /// An error in the middle; what is not a stream can only break off.
    fn failure(
        &self,
        route: &Route,
        turn: &Turn<'_>,
        reply: &Reply,
        at: usize,
        status: u16,
    ) -> Vec<Step> {
        if !turn.stream {
            return vec![Step::Wait(BEFORE_CUT), Step::Cut];
        }
        let rejection = Rejection::new(status, format!("Simulated error {status} in the stream"));
        let frame = match route.api {
            Api::Chat => chat::failure(&rejection, self.id),
            Api::Responses => responses::failure(turn, reply, &rejection, at),
            Api::Messages => claude::failure(turn, &rejection, self.id),
            Api::Generate => gemini::failure(turn, &rejection, self.id),
        };
        vec![Step::Data(frame.bytes)]
    }
}

/// A recording, as it is.
pub(super) fn recorded(canned: &Canned) -> Answer {
    let mut headers = HeaderMap::new();
    for (name, value) in &canned.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse()) {
            headers.append(name, value);
        }
    }
    let steps = canned.body.iter().cloned().map(Step::Data).collect();
    Answer { status: canned.status, headers, steps, whole: canned.body.len() < 2 }
}

fn zip(answer: &mut Answer) {
    let mut plain = Vec::new();
    for step in &answer.steps {
        if let Step::Data(bytes) = step {
            plain.extend_from_slice(bytes);
        }
    }
    answer.steps = vec![Step::Data(gzip::stored(&plain).into())];
    answer.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
}

fn drip(answer: &mut Answer, size: usize, every: Duration) {
    let steps = std::mem::take(&mut answer.steps);
    for step in steps {
        match step {
            Step::Data(bytes) => {
                for piece in bytes.chunks(size) {
                    answer.steps.push(Step::Data(bytes.slice_ref(piece)));
                    answer.steps.push(Step::Wait(every));
                }
            }
            other => answer.steps.push(other),
        }
    }
}
