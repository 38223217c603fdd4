//! A network that fails: it stands in front of a simulator, and passes bytes on or does not.

use std::io;
use std::net::{SocketAddr, SocketAddrV4};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::dice::Dice;
use crate::faults::Toxin;

/// How long it is well, and how long it is not, where it is so by turns.
const WELL: Duration = Duration::from_millis(1500);
const UNWELL: Duration = Duration::from_millis(600);
/// More than a client sends to end its handshake, less than a request.
const REQUEST: usize = 250;
/// About the bytes of a handshake and a streamed answer.
const ANYWHERE: usize = 12_000;

/// A running one; it ends when dropped.
pub struct Toxic(JoinHandle<()>);

impl Toxic {
    /// Listens on `at` in front of `to`.
    pub async fn start(toxin: Toxin, at: SocketAddrV4, to: SocketAddr) -> io::Result<Self> {
        let listener = listen(toxin, at)?;
        Ok(Self(tokio::spawn(async move {
            if let Err(error) = run(toxin, listener, at, to).await {
                eprintln!("soak: the network at {at}: {error}");
            }
        })))
    }
}

impl Drop for Toxic {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn listen(toxin: Toxin, at: SocketAddrV4) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(at.into())?;
    // A black hole is where this queue is full.
    socket.listen(if toxin == Toxin::Blackhole { 1 } else { 1024 })
}

async fn run(
    toxin: Toxin,
    listener: TcpListener,
    at: SocketAddrV4,
    to: SocketAddr,
) -> io::Result<()> {
    let mut carrier =
        Carrier { toxin, to, count: 0, dice: Dice::new(at.port().into()), open: JoinSet::new() };
    let mut listener = listener;
    loop {
        carrier.accept(&listener, Instant::now() + WELL).await?;
        match toxin {
            Toxin::Refuses => {
                drop(listener);
                sleep(UNWELL).await;
                listener = listen(toxin, at)?;
            }
            Toxin::Blackhole => {
                let mut full = Vec::new();
                while let Ok(stream) =
                    timeout(Duration::from_millis(50), TcpStream::connect(at)).await
                {
                    full.push(stream?);
                }
                sleep(UNWELL).await;
            }
            _ => {}
        }
    }
}

struct Carrier {
    toxin: Toxin,
    to: SocketAddr,
    count: usize,
    dice: Dice,
    open: JoinSet<io::Result<()>>,
}

impl Carrier {
    async fn accept(&mut self, listener: &TcpListener, until: Instant) -> io::Result<()> {
        while let Ok(accepted) = timeout_at(until, listener.accept()).await {
            let (stream, _) = accepted?;
            // How a connection ends is of no interest here.
            while self.open.try_join_next().is_some() {}
            self.count += 1;
            let hit = self.count.is_multiple_of(if self.toxin == Toxin::Silent { 3 } else { 2 });
            let ends = match self.toxin {
                // Soon, more often than late: most answers are short.
                Toxin::ResetAnywhere => {
                    let most = 1 + self.dice.roll(ANYWHERE);
                    Some(Ends::BehindAnswer(self.dice.roll(most)))
                }
                Toxin::ResetAccepted if hit => Some(Ends::Now),
                Toxin::ResetInHandshake if hit => Some(Ends::BehindHello),
                Toxin::ResetBehindRequest if hit => Some(Ends::BehindRequest),
                Toxin::Silent if hit => Some(Ends::Never),
                _ => None,
            };
            self.open.spawn(carry(stream, self.to, ends));
        }
        Ok(())
    }
}

/// How a connection that is hit ends.
#[derive(Clone, Copy)]
enum Ends {
    Now,
    Never,
    BehindHello,
    BehindRequest,
    /// Behind so many bytes to the client.
    BehindAnswer(usize),
}

async fn carry(mut client: TcpStream, to: SocketAddr, ends: Option<Ends>) -> io::Result<()> {
    client.set_nodelay(true)?;
    match ends {
        Some(Ends::Now) => return client.set_zero_linger(),
        Some(Ends::BehindHello) => {
            client.read_u8().await?;
            return client.set_zero_linger();
        }
        Some(Ends::Never) => {
            let mut ignored = [0; 4096];
            while client.read(&mut ignored).await? > 0 {}
            return Ok(());
        }
        _ => {}
    }
    let server = TcpStream::connect(to).await?;
    server.set_nodelay(true)?;
    let (mut from_server, mut to_server) = server.into_split();
    let (mut from_client, mut to_client) = client.into_split();
    let (mut sent, mut answered) = (0, 0);
    let (mut up, mut down) = ([0; 8192], [0; 8192]);
    loop {
        let over = tokio::select! {
            count = from_client.read(&mut up) => {
                let count = count?;
                to_server.write_all(&up[..count]).await?;
                // What comes before the server's first bytes is a hello.
                sent += if answered > 0 { count } else { 0 };
                count == 0
            }
            count = piece(&mut from_server, &mut down, ends, answered) => {
                let count = count?;
                to_client.write_all(&down[..count]).await?;
                answered += count;
                count == 0
            }
        };
        let hit = match ends {
            Some(Ends::BehindRequest) => sent > REQUEST,
            Some(Ends::BehindAnswer(bytes)) => answered >= bytes,
            _ => false,
        };
        if hit {
            let client = from_client.reunite(to_client).map_err(io::Error::other)?;
            return client.set_zero_linger();
        }
        if over {
            return Ok(());
        }
    }
}

/// The next bytes of the server, no more than may pass.
async fn piece(
    from: &mut OwnedReadHalf,
    into: &mut [u8],
    ends: Option<Ends>,
    passed: usize,
) -> io::Result<usize> {
    let most = match ends {
        Some(Ends::BehindAnswer(bytes)) => (bytes - passed).clamp(1, into.len()),
        _ => into.len(),
    };
    from.read(&mut into[..most]).await
}
