//! A name that moves: a name server that says one address, then another.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

/// The name whose address moves.
pub const NAME: &str = "moving.test";
/// Where it is, by turns.
pub const ADDRESSES: [Ipv4Addr; 2] = [Ipv4Addr::LOCALHOST, Ipv4Addr::new(127, 0, 0, 2)];

/// A running name server; it ends when dropped.
pub struct Names {
    task: JoinHandle<()>,
    answers: Arc<AtomicU64>,
}

impl Names {
    /// Serves this UDP port. Each question for the address of whatever name is answered with the
    /// other one than the question before was.
    pub async fn start(port: u16) -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let answers = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&answers);
        let task = tokio::spawn(async move {
            let mut packet = [0; 1500];
            while let Ok((length, from)) = socket.recv_from(&mut packet).await {
                let turn = count.load(Ordering::Relaxed);
                let address = ADDRESSES[usize::from(!turn.is_multiple_of(2))];
                let Some((answer, is_address)) = answer(&packet[..length], address) else {
                    continue;
                };
                count.fetch_add(u64::from(is_address), Ordering::Relaxed);
                // Whoever is not there any more does not want it.
                let _ = socket.send_to(&answer, from).await;
            }
        });
        Ok(Self { task, answers })
    }

    /// How often it has told an address.
    pub fn answers(&self) -> u64 {
        self.answers.load(Ordering::Relaxed)
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The answer to a question (RFC 1035, 4.1), and whether it holds an address: those of the fourth
/// version are all there is.
fn answer(question: &[u8], address: Ipv4Addr) -> Option<(Vec<u8>, bool)> {
    const HEADER: usize = 12;
    let mut end = HEADER;
    while *question.get(end)? > 0 {
        end += usize::from(question[end]) + 1;
    }
    let kind = question.get(end + 1..end + 3)?;
    let asked = question.get(HEADER..end + 5)?;
    let is_address = kind == [0, 1];
    let mut answer = question.get(..2)?.to_vec();
    // A response, of authority, of one question and as many answers.
    answer.extend([0x85, 0x80, 0, 1, 0, u8::from(is_address), 0, 0, 0, 0]);
    answer.extend(asked);
    if is_address {
        // The name of the question; A, IN; good for a second; four bytes.
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4]);
        answer.extend(address.octets());
    }
    Some((answer, is_address))
}
