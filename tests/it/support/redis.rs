//! A real Redis (or Valkey), from the `redis-server` on the path.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::free_port;
use super::provider::ROOT;

/// Runs until it is dropped, and keeps nothing on the disk.
pub struct Redis {
    port: u16,
    directory: TempDir,
    password: Option<String>,
    tls: bool,
    namespace: Option<Namespace>,
    child: Option<Child>,
}

/// A network namespace, as `ip netns` makes them: a machine of its own behind a cable.
pub struct Namespace {
    name: String,
    /// The address of our end of the cable, and of the other.
    ends: [String; 2],
}

impl Redis {
    /// Starts one; `None`, and a word on stderr, on a machine without. CI must have one.
    pub fn start() -> Option<Self> {
        Self::launch(None, false, None)
    }

    /// Starts one that asks for this password, and speaks TLS only.
    pub fn start_secured(password: &str) -> Option<Self> {
        Self::launch(Some(password.to_owned()), true, None)
    }

    /// Starts one in a network namespace of its own. Where none can be made: as above.
    pub fn start_apart() -> Option<Self> {
        Self::launch(None, false, Some(Namespace::new()?))
    }

    fn launch(password: Option<String>, tls: bool, namespace: Option<Namespace>) -> Option<Self> {
        if let Err(error) = Command::new("redis-server").arg("--version").output() {
            missing(&format!("there is no redis-server ({error}): install Redis or Valkey"));
            return None;
        }
        let directory = tempfile::tempdir().unwrap();
        if tls {
            let identity = ROOT.issue(&["localhost"]).unwrap();
            let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text);
            write("certificate.pem", &identity.certificate_pem).unwrap();
            write("key.pem", &identity.key_pem).unwrap();
        }
        let port = free_port();
        let mut redis = Self { port, directory, password, tls, namespace, child: None };
        redis.resume();
        Some(redis)
    }

    /// `host:port`.
    pub fn address(&self) -> String {
        let host = match &self.namespace {
            Some(namespace) => &namespace.ends[1],
            None if self.tls => "localhost",
            None => "127.0.0.1",
        };
        format!("{host}:{}", self.port)
    }

    /// The configuration's `store`, with more keys: `outage: { open: 5% }`.
    pub fn store(&self, more: &str) -> String {
        let mut store = format!("store: {{ redis: '{}'", self.address());
        if self.tls {
            store += ", tls: { ca: ca.pem }";
        }
        if let Some(password) = &self.password {
            let file = self.directory.path().join("password");
            std::fs::write(&file, password).unwrap();
            store += &format!(", password: {{ file: '{}' }}", file.display());
        }
        if self.namespace.is_some() {
            store += ", plaintext: allowed";
        }
        if !more.is_empty() {
            store += &format!(", {more}");
        }
        store + " }"
    }

    /// Starts it again after [`Redis::kill`], empty.
    pub fn resume(&mut self) {
        let mut command = match &self.namespace {
            Some(namespace) => {
                let mut command = Command::new("ip");
                command.args(["netns", "exec", &namespace.name, "redis-server"]);
                command.args(["--bind", &namespace.ends[1], "--protected-mode", "no"]);
                command
            }
            None => {
                let mut command = Command::new("redis-server");
                command.args(["--bind", "127.0.0.1"]);
                command
            }
        };
        let port = self.port.to_string();
        if self.tls {
            command.args(["--port", "0", "--tls-port", &port, "--tls-auth-clients", "no"]);
            command.args(["--tls-cert-file", "certificate.pem", "--tls-key-file", "key.pem"]);
        } else {
            command.args(["--port", &port]);
        }
        if let Some(password) = &self.password {
            command.args(["--requirepass", password]);
        }
        let child = command
            .args(["--save", "", "--appendonly", "no"])
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.child = Some(child.unwrap());
        for _ in 0..1000 {
            if TcpStream::connect(self.address()).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("redis-server does not listen at {}", self.address());
    }

    /// Ends it as a power cut would: nothing is kept.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Stops it where it is: connections stay, and nothing is answered.
    pub fn pause(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on.
    pub fn unpause(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let id = self.child.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// Makes it forget everything while it goes on.
    pub fn forget(&self) {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream.write_all(b"FLUSHALL\r\n").unwrap();
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).unwrap();
        assert_eq!(answer.trim(), "+OK");
    }

    /// Loses what comes from there, or in both directions.
    pub fn cut_off(&self, both: bool) {
        let namespace = self.namespace.as_ref().unwrap();
        namespace.lose(true);
        if both {
            namespace.lose(false);
        }
    }

    /// Ends [`Redis::cut_off`].
    pub fn join(&self) {
        self.namespace.as_ref().unwrap().heal();
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Namespace {
    fn new() -> Option<Self> {
        // A network of its own for each process of the tests, and for each call in it.
        let port = free_port();
        let (high, low) = (port >> 6 & 0xff, (port & 0x3f) << 2);
        let ends = [1, 2].map(|end| format!("10.213.{high}.{}", low + end));
        let name = format!("egret-{port}");
        let (near, far) = (format!("eg{port}a"), format!("eg{port}b"));
        let namespace = Self { name, ends };
        let Self { name, ends: [ours, theirs] } = &namespace;
        // Of a run that was killed.
        let _ = run(&format!("ip netns del {name}"));
        let steps = [
            format!("netns add {name}"),
            format!("link add {near} type veth peer name {far} netns {name}"),
            format!("addr add {ours}/30 dev {near}"),
            format!("link set {near} up"),
            format!("-n {name} addr add {theirs}/30 dev {far}"),
            format!("-n {name} link set {far} up"),
        ];
        for step in steps {
            if let Err(error) = run(&format!("ip {step}")) {
                missing(&format!("no network namespace can be made: {error}"));
                return None;
            }
        }
        Some(namespace)
    }

    /// Loses what one end of the cable sends, at once and without a word: the frames go to a card
    /// that nobody has. (`tc netem` does the same, where the kernel was built with it.)
    fn lose(&self, theirs: bool) {
        let nowhere = "lladdr 02:00:00:00:00:01 nud permanent";
        run(&format!("{} {nowhere}", self.neighbour(theirs, "replace"))).unwrap();
    }

    fn heal(&self) {
        for theirs in [false, true] {
            // There may be none.
            let _ = run(&self.neighbour(theirs, "del"));
        }
    }

    /// What changes what one end knows of the other.
    fn neighbour(&self, theirs: bool, verb: &str) -> String {
        let Self { name, ends: [ours, far] } = self;
        let port = name.trim_start_matches("egret-");
        if theirs {
            format!("ip -n {name} neigh {verb} {ours} dev eg{port}b")
        } else {
            format!("ip neigh {verb} {far} dev eg{port}a")
        }
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = run(&format!("ip netns del {}", self.name));
    }
}

/// Runs a command; what it says if it fails.
fn run(command: &str) -> Result<(), String> {
    let mut words = command.split(' ');
    let output = Command::new(words.next().unwrap()).args(words).output();
    let output = output.map_err(|error| format!("{command}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(format!("{command}: {}", said.trim())) }
}

fn missing(what: &str) {
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{what}");
    eprintln!("SKIPPED: {what}");
}
