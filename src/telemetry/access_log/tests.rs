#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::*;

/// A reader that takes what is written only when it is told to.
struct Slow {
    go: Receiver<()>,
    read: SyncSender<Vec<u8>>,
}

impl Write for Slow {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        // Nobody tells any more when the test is over.
        let _ = self.go.recv();
        let _ = self.read.send(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn line(id: &str) -> Line<'_> {
    Line {
        time: SystemTime::UNIX_EPOCH,
        id,
        method: "POST",
        path: "/v1/chat/completions",
        status: 200,
        surface: "chat",
        caller: None,
        group: None,
        namespace: None,
        service_account: None,
        labels: &[],
        route: None,
        backend: None,
        model: None,
        served_model: None,
        stream: false,
        attempts: 1,
        duration_ms: 1.0,
        first_byte_ms: None,
        input_tokens: None,
        output_tokens: None,
        cost: None,
        estimated: false,
        output_cap: None,
        downgraded: None,
        dropped: &[],
        reason: None,
        error: None,
    }
}

/// Nobody reads: lines are gathered up to a bound, then dropped and counted, and nothing waits.
/// When somebody reads again, what is there is whole.
#[test]
fn a_log_that_nobody_reads_holds_nothing_up() {
    let (tell, go) = sync_channel(0);
    let (read, taken) = sync_channel(64);
    let dropped = IntCounter::new("dropped", "dropped").unwrap();
    let log = AccessLog::start_on(Slow { go, read }, dropped.clone()).unwrap();
    let long = "x".repeat(100_000);
    let mut added = 0;
    while dropped.get() < 10 {
        log.add(&line(&long));
        added += 1;
        assert!(added < 10_000, "no end to what is gathered");
    }
    let mut lines = 0;
    while lines + dropped.get() < added {
        tell.send(()).unwrap();
        let text = String::from_utf8(taken.recv().unwrap()).unwrap();
        for line in text.lines() {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(line["id"], long);
            lines += 1;
        }
    }
    assert!(lines > 0);
    log.add(&line("again"));
    tell.send(()).unwrap();
    assert!(String::from_utf8(taken.recv().unwrap()).unwrap().contains("again"));
    log.flush();
}
