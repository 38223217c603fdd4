//! The sockets that the gateway listens on. All of them are had before anything is served; Pingora,
//! left to itself, binds them in tasks of its own, and a service that can't have one is gone
//! without the others' noticing.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::IntoRawFd;

use async_trait::async_trait;
use pingora::server::{ListenFds, ShutdownWatch};
use pingora::services::Service;

use crate::snapshot::Snapshot;

/// Sockets that take connections already; those wait until somebody serves them.
pub(super) struct Sockets {
    /// Where workloads connect.
    pub listeners: Vec<Socket>,
    /// Where health and metrics are.
    pub admin: Socket,
}

/// A socket, and the address that the configuration has for it.
pub(super) struct Socket {
    address: SocketAddr,
    listener: TcpListener,
}

impl Sockets {
    /// Has every address of a configuration.
    ///
    /// # Errors
    ///
    /// Those that can't be had, each with why and what to do, one a line.
    pub(super) fn bind(snapshot: &Snapshot) -> Result<Self, String> {
        let mut refused = Vec::new();
        let mut bind = |address, key| {
            Socket::bind(address).map_err(|error| refused.push(refusal(address, &error, key))).ok()
        };
        let listeners = snapshot.listeners.iter();
        let listeners: Vec<_> =
            listeners.filter_map(|listener| bind(listener.address, "listeners")).collect();
        let admin = bind(snapshot.admin, "admin.address");
        admin
            .filter(|_| refused.is_empty())
            .map(|admin| Self { listeners, admin })
            .ok_or_else(|| refused.join("\n"))
    }
}

impl Socket {
    /// As Pingora binds it: an address whose connections the system only remembers (TIME_WAIT) is
    /// free.
    fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(Self { address, listener })
    }
}

/// Why an address can't be had, and what to do about it; `key` is where the configuration has it.
fn refusal(address: SocketAddr, error: &io::Error, key: &str) -> String {
    let why = match error.kind() {
        ErrorKind::AddrInUse => {
            format!("it is in use; change `{key}`, or end what listens there")
        }
        ErrorKind::AddrNotAvailable => {
            format!("this machine has no such address; change `{key}`")
        }
        ErrorKind::PermissionDenied if address.port() < 1024 => {
            let may = "or give egret the capability CAP_NET_BIND_SERVICE";
            format!("it is not permitted; change `{key}` to a port of 1024 or above, {may}")
        }
        _ => format!("{error}; change `{key}`"),
    };
    format!("{address} cannot be listened on: {why}")
}

/// A service of Pingora's that goes by sockets that are bound already.
pub(super) struct Bound<S> {
    service: S,
    sockets: Vec<Socket>,
}

impl<S> Bound<S> {
    /// `service`, which must listen on the addresses of `sockets` and no others.
    pub(super) const fn new(service: S, sockets: Vec<Socket>) -> Self {
        Self { service, sockets }
    }
}

#[async_trait]
impl<S: Service> Service for Bound<S> {
    async fn start_service(
        &mut self,
        fds: Option<ListenFds>,
        shutdown: ShutdownWatch,
        listeners_per_fd: usize,
    ) {
        // Pingora looks there before it binds: it listens on what it finds. There is such a table on
        // all systems but Windows.
        if let Some(fds) = &fds {
            let mut fds = fds.lock();
            for Socket { address, listener } in self.sockets.drain(..) {
                fds.add(address.to_string(), listener.into_raw_fd());
            }
        }
        self.service.start_service(fds, shutdown, listeners_per_fd).await;
    }

    fn name(&self) -> &str {
        self.service.name()
    }

    fn threads(&self) -> Option<usize> {
        self.service.threads()
    }

    fn listen_addresses(&self) -> Option<Vec<String>> {
        self.service.listen_addresses()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tests may run as root, who may have any port.
    #[test]
    fn a_port_that_is_not_permitted_is_told_with_what_to_do() {
        let error = ErrorKind::PermissionDenied.into();
        let told = refusal(([0, 0, 0, 0], 80).into(), &error, "listeners");
        assert_eq!(
            told,
            "0.0.0.0:80 cannot be listened on: it is not permitted; change `listeners` to a port \
             of 1024 or above, or give egret the capability CAP_NET_BIND_SERVICE"
        );
    }
}
