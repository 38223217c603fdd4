//! Name servers and names.

use std::fs;

use super::{good, one};
use crate::config::tests::files;
use crate::config::{Source, check};
use crate::resolve::{Dnssec, Family, Settings};

#[test]
fn name_servers_and_names_are_as_they_are_written() {
    let directory = files();
    let text = "listeners: [{ address: 127.0.0.1:8080 }]\n\
                backends: { a: { schema: openai, credential: none } }\n\
                routes: [{ models: ['*'], backends: [a] }]\n\
                dns:\n  \
                  servers: ['udp://10.0.0.10', 'tcp://[fd00::1]:5353', 'tls://1.1.1.1#one.one', \
                            'tls://9.9.9.9:8853', 'udp://fd00::2']\n  \
                  ca: ca.pem\n  allow: [api.openai.com, '*.Internal.Example']\n  \
                  dnssec: { anchors: anchors }\n  family: v4\n  attempts: 3\n  \
                  reverse: { api.openai.com: '*.cdn.example', '*.b.example': [c.example, d.example] }\n";
    let dns = good(text, directory.path()).dns.clone();
    let servers: Vec<String> = dns.servers.iter().flatten().map(ToString::to_string).collect();
    assert_eq!(
        servers,
        [
            "udp://10.0.0.10:53",
            "tcp://[fd00::1]:5353",
            "tls://1.1.1.1:853#one.one",
            "tls://9.9.9.9:8853#9.9.9.9",
            "udp://[fd00::2]:53"
        ]
    );
    assert_eq!(dns.ca.as_ref().unwrap().len(), 1);
    assert!(dns.allows("x.internal.example") && !dns.allows("api.openai.com.evil.example"));
    assert_eq!((dns.family, dns.attempts), (Family::V4, 3));
    assert!(matches!(&dns.dnssec, Dnssec::Anchors(text) if text.contains("DNSKEY")));
    let reverse: Vec<usize> = dns.reverse.iter().map(|rule| rule.within.len()).collect();
    assert_eq!(reverse, [1, 2]);
    let default = one("schema: openai, credential: none", directory.path());
    assert_eq!(*default.dns, Settings::default());
    let file = directory.path().join("egret.yaml");
    fs::write(&file, text.replace("'tcp://[fd00::1]:5353', ", "")).unwrap();
    let told = check(&Source::File(file)).unwrap();
    let row = "  dns       udp://10.0.0.10:53, tls://1.1.1.1:853#one.one, \
               tls://9.9.9.9:8853#9.9.9.9, udp://[fd00::2]:53, validated, only for api.openai.com, \
               *.internal.example\n";
    assert!(told.contains(row), "{told}");
}
