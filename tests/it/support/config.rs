//! The gateway's configuration, put together piece by piece in a directory of its own.

use std::fs;
use std::path::PathBuf;

use egret::simulator::{Provider, Running};
use tempfile::TempDir;

use super::provider::ROOT;
use super::{Transport, free_port};

/// A configuration and the directory that it lives in, secrets and ledger included.
pub struct Config {
    directory: TempDir,
    /// Where the gateway listens.
    pub port: u16,
    /// Where its health and metrics are.
    pub admin: u16,
    /// The address that its health and metrics are on.
    pub admin_host: &'static str,
    /// How the gateway is reached.
    pub transport: Transport,
    /// More keys of the listener, behind a comma.
    pub listener_more: String,
    /// More keys of the admin section, behind a comma.
    pub admin_more: String,
    backends: Vec<String>,
    routes: Vec<String>,
    callers: Vec<String>,
    rest: Vec<String>,
}

impl Config {
    /// Nothing but a listener.
    pub fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("ca.pem"), ROOT.ca_pem()).unwrap();
        Self {
            directory,
            port: free_port(),
            admin: free_port(),
            admin_host: "127.0.0.1",
            transport: Transport::Plaintext,
            listener_more: String::new(),
            admin_more: String::new(),
            backends: Vec::new(),
            routes: Vec::new(),
            callers: Vec::new(),
            rest: Vec::new(),
        }
    }

    /// Each of these simulators as a backend that serves the models of its families to everyone.
    pub fn serving(simulators: &[&Running]) -> Self {
        simulators.iter().fold(Self::new(), |config, simulator| {
            let name = simulator.provider().name();
            let models = match simulator.provider() {
                Provider::OpenAi => "gpt-*",
                Provider::Claude => "claude-*",
                Provider::Gemini => "gemini-*",
            };
            config
                .backend(name, simulator)
                .route(&format!("models: ['{models}'], backends: [{name}]"))
        })
    }

    /// A backend at this simulator, with its credential in a file, over TLS as the simulator has.
    pub fn backend(self, name: &str, simulator: &Running) -> Self {
        self.backend_with(name, simulator, "")
    }

    /// A backend with more keys: `timeouts: { first_byte: 1s }`.
    pub fn backend_with(self, name: &str, simulator: &Running, more: &str) -> Self {
        let tls = simulator.base_url().starts_with("https:");
        let trust = if tls && !more.contains("tls:") { "tls: { ca: ca.pem }" } else { "" };
        let plain = if tls { "" } else { "plaintext: allowed" };
        let base = match simulator.provider() {
            Provider::OpenAi => format!("{}/v1", simulator.base_url()),
            Provider::Claude | Provider::Gemini => simulator.base_url(),
        };
        // A busy machine takes its time to connect.
        let patience = if more.contains("timeouts:") { "" } else { "timeouts: { connect: 60s }" };
        let file = self.write(&format!("{name}.key"), simulator.credential());
        let fields = [
            format!("schema: {}", simulator.provider().name()),
            format!("url: '{base}'"),
            format!("credential: {{ file: '{}' }}", file.display()),
            trust.to_owned(),
            plain.to_owned(),
            patience.to_owned(),
            more.to_owned(),
        ];
        self.backend_of(name, &fields)
    }

    /// A backend in its own words; it may be on this machine unless they say otherwise.
    pub fn backend_of(mut self, name: &str, fields: &[String]) -> Self {
        let told = fields.iter().any(|field| field.contains("allow_private:"));
        let private = if told { "" } else { "allow_private: true" };
        let fields = fields.iter().map(String::as_str).chain([private]);
        let fields: Vec<&str> = fields.filter(|field| !field.is_empty()).collect();
        self.backends.push(format!("  {name}: {{ {} }}", fields.join(", ")));
        self
    }

    /// A backend at this URL, by TLS: `vendor: groq` and whatever else it says, shown what `credential`
    /// says.
    pub fn backend_shown(self, name: &str, url: &str, fields: &str, credential: &str) -> Self {
        let fields = [
            format!("url: '{url}'"),
            fields.to_owned(),
            format!("credential: {credential}"),
            "tls: { ca: ca.pem }".to_owned(),
            // A busy machine takes its time to connect.
            "timeouts: { connect: 60s }".to_owned(),
        ];
        self.backend_of(name, &fields)
    }

    /// Files in the directory.
    pub fn files<S: AsRef<str>>(self, files: &[(&str, S)]) -> Self {
        for (name, content) in files {
            self.write(name, content.as_ref());
        }
        self
    }

    /// A route: `models: [x], backends: [y]`.
    pub fn route(mut self, fields: &str) -> Self {
        self.routes.push(format!("  - {{ {fields} }}"));
        self
    }

    /// A caller with this key, and more keys: `models: [x]`.
    pub fn caller(mut self, name: &str, key: &str, more: &str) -> Self {
        let file = self.write(&format!("caller-{name}.key"), key);
        let more = if more.is_empty() { String::new() } else { format!(", {more}") };
        let fields = format!("name: {name}, key: {{ file: '{}' }}{more}", file.display());
        self.callers.push(format!("  - {{ {fields} }}"));
        self
    }

    /// Its listener as this transport has it.
    pub fn over(self, transport: Transport) -> Self {
        match transport {
            Transport::Plaintext => self,
            Transport::Tls => self.secured(""),
        }
    }

    /// Its listener by TLS with a certificate of the tests' CA, and more keys of `tls`, behind a
    /// comma.
    pub fn secured(mut self, more: &str) -> Self {
        let identity = ROOT.issue(&["localhost"]).unwrap();
        self.write("tls.crt", &identity.certificate_pem);
        self.write("tls.key", &identity.key_pem);
        self.listener_more = format!(", tls: {{ certificate: tls.crt, key: tls.key{more} }}");
        self.transport = Transport::Tls;
        self
    }

    /// Another section: `budgets: [{ … }]`.
    pub fn with(mut self, section: &str) -> Self {
        self.rest.push(section.to_owned());
        self
    }

    /// The directory.
    pub fn directory(&self) -> PathBuf {
        self.directory.path().to_owned()
    }

    /// Writes a file into the directory, in one step.
    pub fn write(&self, name: &str, content: &str) -> PathBuf {
        self.write_bytes(name, content)
    }

    /// The same with any bytes.
    pub fn write_bytes(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.directory.path().join(name);
        let draft = self.directory.path().join(format!("{name}.draft"));
        fs::write(&draft, content).unwrap();
        fs::rename(draft, &path).unwrap();
        path
    }

    /// The text of the file.
    pub fn text(&self) -> String {
        let mut text = format!(
            "listeners: [{{ address: 127.0.0.1:{}{} }}]
admin: {{ address: '{}:{}'{} }}
",
            self.port, self.listener_more, self.admin_host, self.admin, self.admin_more
        );
        let ledger = self.directory.path().join("egret.ledger");
        if !self.rest.iter().any(|section| section.starts_with("ledger:")) {
            text += &format!("ledger: '{}'\n", ledger.display());
        }
        text += &format!("backends:\n{}\n", self.backends.join("\n"));
        text += &format!("routes:\n{}\n", self.routes.join("\n"));
        if !self.callers.is_empty() {
            text += &format!("callers:\n{}\n", self.callers.join("\n"));
        }
        text + &self.rest.join("\n") + "\n"
    }

    /// Writes the configuration where the gateway reads it.
    pub fn save(&self) -> PathBuf {
        self.write("egret.yaml", &self.text())
    }
}
