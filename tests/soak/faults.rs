//! What goes wrong: the rows of the matrix, each at each provider.

use std::time::Duration;

/// A row.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    pub name: &'static str,
    pub cause: Cause,
    pub shows: Shows,
    pub cost: Cost,
    pub patience: Patience,
}

/// Who makes it go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The simulator: every so many requests meet these faults.
    Script(usize, &'static str),
    /// The network; each call has a connection of its own.
    Network(Toxin),
    /// The simulator's certificate expires and is renewed; each call has a connection of its own.
    Certificate,
    /// The name leads to one address, then to another; each call has a connection of its own.
    Names,
    /// The caller leaves while its answer comes.
    Caller,
}

/// What the network does to connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toxin {
    /// Now and then nobody listens.
    Refuses,
    /// Now and then packets are lost before there is a connection.
    Blackhole,
    /// Every third is accepted, and never answered.
    Silent,
    /// Every second is reset when it is accepted.
    ResetAccepted,
    /// Every second is reset behind the client's first bytes.
    ResetInHandshake,
    /// Every second is reset when the request has been sent.
    ResetBehindRequest,
    /// None: all is passed on.
    Nothing,
    /// Each is reset behind some number of bytes, in its handshake or its answer, or behind both.
    ResetAnywhere,
}

/// What a caller may see of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shows {
    /// Nothing: nothing fails, it is only slow.
    Nothing,
    /// Another backend answers.
    Elsewhere,
    /// The same, but a stream that has begun ends with an error in its schema.
    Midway,
    /// The caller does not look.
    Unseen,
}

/// What is known of its cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// All of it: the ledger equals the bill.
    Known,
    /// The provider may have worked for nothing: the ledger covers the bill, and is at most an
    /// estimate higher for each call that its backend has not answered whole.
    Hidden,
}

/// How long its backends may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// As long as a busy machine wants.
    Long,
    /// Not long to connect.
    Connect,
    /// Not long to answer.
    Answer,
}

impl Patience {
    /// As the configuration says it.
    pub fn timeouts(self) -> String {
        let long = Duration::from_secs(60);
        let (connect, first_byte, idle) = match self {
            Self::Long => (long, long, long),
            Self::Connect => (Duration::from_millis(500), long, long),
            Self::Answer => (long, Duration::from_secs(1), Duration::from_millis(500)),
        };
        let [connect, first_byte, idle] = [connect, first_byte, idle].map(|time| time.as_millis());
        format!("{{ connect: {connect}ms, first_byte: {first_byte}ms, idle: {idle}ms }}")
    }
}

impl Fault {
    /// What its backends speak, given a number to go by. Streams of one HTTP/2 connection break
    /// together, and a request that has just been sent on a connection that was open before goes
    /// out once more: what was billed for the first is not known.
    pub fn http(&self, number: usize) -> &'static str {
        match self.cause {
            Cause::Network(Toxin::ResetBehindRequest | Toxin::ResetAnywhere) => "h1",
            _ if number.is_multiple_of(2) => "h1",
            _ => "h2",
        }
    }

    const fn new(name: &'static str, cause: Cause, shows: Shows, cost: Cost) -> Self {
        Self { name, cause, shows, cost, patience: Patience::Long }
    }

    const fn within(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// The rule for its models, as the simulators' control plane takes it.
    pub fn rule(&self, model: &str) -> Option<String> {
        // An answer with which its connection ends.
        const LAST: (usize, &str) = (1, "[[goaway]]");
        let (every, faults) = match self.cause {
            Cause::Script(_, "") => return None,
            Cause::Script(every, faults) => (every, faults),
            // So slowly that something has gone out before it breaks.
            Cause::Network(Toxin::ResetAnywhere) => (1, "[[goaway]] [[drip 512 every 3ms]]"),
            Cause::Network(_) | Cause::Certificate | Cause::Names => LAST,
            Cause::Caller => (1, "[[drip 64 every 4ms]]"),
        };
        Some(format!("model {model} every {every}: {faults}\n"))
    }
}

use Cause::{Caller, Certificate, Names, Network, Script};
use Cost::{Hidden, Known};
use Shows::{Elsewhere, Midway, Nothing, Unseen};

/// The rows (trust.md §7).
pub const FAULTS: [Fault; 27] = [
    Fault::new("none", Script(1, ""), Nothing, Known),
    Fault::new("refused", Network(Toxin::Refuses), Elsewhere, Known),
    Fault::new("blackhole", Network(Toxin::Blackhole), Elsewhere, Known).within(Patience::Connect),
    Fault::new("accepted, then silent", Network(Toxin::Silent), Elsewhere, Known)
        .within(Patience::Connect),
    Fault::new("RST when accepted", Network(Toxin::ResetAccepted), Elsewhere, Known),
    Fault::new("RST in the handshake", Network(Toxin::ResetInHandshake), Elsewhere, Known),
    Fault::new("RST behind the request", Network(Toxin::ResetBehindRequest), Elsewhere, Hidden),
    Fault::new("RST anywhere", Network(Toxin::ResetAnywhere), Midway, Hidden),
    // Sooner, on a connection that was pooled, and the request would go out once more.
    Fault::new(
        "closed behind the request",
        Script(3, "[[delay 1200ms]] [[close]]"),
        Elsewhere,
        Hidden,
    ),
    Fault::new("closed behind the header", Script(2, "[[cut after 0]]"), Elsewhere, Hidden),
    Fault::new("429", Script(3, "[[status 429]]"), Elsewhere, Known),
    Fault::new("429, Retry-After", Script(4, "[[retry-after 1]]"), Elsewhere, Known),
    Fault::new("500", Script(2, "[[status 500]]"), Elsewhere, Known),
    Fault::new("503", Script(2, "[[status 503]]"), Elsewhere, Known),
    Fault::new("529", Script(2, "[[status 529]]"), Elsewhere, Known),
    Fault::new("502 in HTML", Script(2, "[[html]]"), Elsewhere, Known),
    Fault::new("200, then an error body", Script(2, "[[error in 200]]"), Elsewhere, Known),
    Fault::new("200, then nonsense", Script(2, "[[garbage]]"), Elsewhere, Hidden),
    Fault::new("200, then an error event", Script(2, "[[error after 3]]"), Midway, Hidden),
    Fault::new("truncated", Script(2, "[[cut after 3]]"), Midway, Hidden),
    Fault::new("no first byte", Script(3, "[[stall]]"), Elsewhere, Hidden).within(Patience::Answer),
    Fault::new("stalled midway", Script(3, "[[stall after 2]]"), Midway, Hidden)
        .within(Patience::Answer),
    Fault::new("slow drip", Script(2, "[[drip 64 every 3ms]]"), Nothing, Known),
    Fault::new("GOAWAY midway", Script(2, "[[goaway]] [[drip 64 every 3ms]]"), Nothing, Known),
    Fault::new("certificate expires", Certificate, Elsewhere, Known),
    Fault::new("the name moves", Names, Nothing, Known),
    Fault::new("the caller leaves", Caller, Unseen, Hidden),
];
