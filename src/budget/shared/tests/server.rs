//! A real Redis (or Valkey) for a test.

use std::{
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;

pub(super) use port::free_port;

use crate::budget::store::{Outage, StoreSettings, Topology};

#[path = "../../../../tests/it/support/port.rs"]
mod port;

/// Runs until it is dropped.
pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) folder: TempDir,
    arguments: Vec<String>,
    child: Option<Child>,
}

impl Server {
    /// Starts one with these arguments and without a memory of its own; `None`, and a word on
    /// stderr, on a machine without one. CI must have one.
    pub(crate) fn start(arguments: &[&str]) -> Option<Self> {
        Self::start_at(free_port(), arguments)
    }

    pub(crate) fn start_at(port: u16, arguments: &[&str]) -> Option<Self> {
        let arguments = arguments.iter().map(|&word| word.to_owned()).collect();
        let folder = tempfile::tempdir().unwrap();
        let mut server = Self { port, folder, arguments, child: None };
        server.resume().then_some(server)
    }

    /// Starts a sentinel of this configuration.
    pub(crate) fn sentinel(port: u16, configuration: &str) -> Option<Self> {
        Self::start_at(port, &[configuration, "--sentinel"])
    }

    /// Starts it again after [`Server::kill`], empty.
    pub(crate) fn resume(&mut self) -> bool {
        let mut command = Command::new("redis-server");
        // A configuration comes first, and a sentinel knows none of the rest.
        let sentinel = self.arguments.iter().any(|word| word == "--sentinel");
        if sentinel {
            command.args(self.arguments.first());
        } else {
            command.args(["--save", "", "--appendonly", "no"]);
        }
        command.args(["--dir", self.folder.path().to_str().unwrap(), "--bind", "127.0.0.1"]);
        if !self.arguments.iter().any(|word| word == "--port" || word == "--tls-port") {
            command.args(["--port", &self.port.to_string()]);
        }
        command
            .args(self.arguments.iter().skip(usize::from(sentinel)))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        match command.spawn() {
            Ok(child) => self.child = Some(child),
            Err(error) => {
                assert!(std::env::var("CI").as_deref() != Ok("true"), "redis-server: {error}");
                eprintln!("SKIPPED: there is no redis-server ({error}); install Redis or Valkey");
                return false;
            }
        }
        for _ in 0..1000 {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("redis-server does not listen on port {}", self.port);
    }

    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Stops it where it is: connections stay, and nothing is answered.
    pub(crate) fn pause(&self) {
        self.signal("-STOP");
    }

    pub(crate) fn unpause(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let id = self.child.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn settings(&self) -> StoreSettings {
        settings(Topology::Single(self.address()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

pub(crate) fn settings(topology: Topology) -> StoreSettings {
    StoreSettings {
        topology,
        tls: None,
        username: None,
        password: None,
        prefix: "egret".to_owned(),
        outage: Outage::Closed,
    }
}
