//! Signed zones (DNSSEC).

use std::time::{Duration, SystemTime};

use egret::resolve::{Dnssec, Family, Settings};
use hickory_proto::dnssec::crypto::Ed25519SigningKey;
use hickory_proto::dnssec::rdata::{DNSKEY, DNSSECRData, RRSIG};
use hickory_proto::dnssec::{DnssecSigner, SigningKey};
use hickory_proto::rr::{DNSClass, RData, Record, RecordSet, RecordType};

use super::{Bench, ips, quick};
use crate::support::dns::{NameServer, address, name, records};

const ZONE: &str = "signed.example";

/// Who signs a zone.
struct Signer {
    key: DNSKEY,
    signer: DnssecSigner,
}

impl Signer {
    fn new() -> Self {
        let pkcs8 = Ed25519SigningKey::generate_pkcs8().unwrap();
        let secret = Ed25519SigningKey::from_pkcs8(&pkcs8).unwrap();
        let key = DNSKEY::from_key(&secret.to_public_key().unwrap());
        let day = Duration::from_secs(86_400);
        let signer = DnssecSigner::new(key.clone(), Box::new(secret), name(ZONE), day);
        Self { key, signer }
    }

    /// As a file of trust anchors.
    fn anchors(&self) -> String {
        format!("{ZONE}. 3600 IN DNSKEY {}\n", self.key)
    }

    fn key_record(&self) -> Record {
        let data = RData::DNSSEC(DNSSECRData::DNSKEY(self.key.clone()));
        Record::from_rdata(name(ZONE), 3600, data)
    }

    /// Records of one name and kind with their signature.
    fn sign(&self, records: Vec<Record>) -> Vec<Record> {
        let first = records[0].clone();
        let mut set = RecordSet::with_ttl(first.name.clone(), first.record_type(), first.ttl);
        for record in &records {
            set.insert(record.clone(), 0);
        }
        let earlier = SystemTime::now() - Duration::from_secs(3600);
        let signature = RRSIG::from_rrset(&set, DNSClass::IN, earlier.into(), &self.signer);
        let data = RData::DNSSEC(DNSSECRData::RRSIG(signature.unwrap()));
        let signature = Record::from_rdata(first.name, first.ttl, data);
        records.into_iter().chain([signature]).collect()
    }
}

fn validating(dns: &NameServer, signer: &Signer) -> Settings {
    let dnssec = Dnssec::Anchors(signer.anchors());
    Settings { dnssec, family: Family::V4, ..quick(dns) }
}

#[tokio::test]
async fn what_is_signed_wrongly_is_refused() {
    let signer = Signer::new();
    let dns = NameServer::start().await;
    dns.say(ZONE, RecordType::DNSKEY, records(signer.sign(vec![signer.key_record()])));
    let api = "api.signed.example";
    let good = signer.sign(vec![address(api, 60, "8.8.8.8")]);
    dns.say(api, RecordType::A, records(good.clone()));
    let bench = Bench::start(validating(&dns, &signer), &[(api, false)]);
    assert_eq!(bench.strict(api).await, ips(&["8.8.8.8"]), "{:?}", bench.status(api));

    let signature = good.last().unwrap().clone();
    let stranger = Signer::new();
    let bad = [
        // Another address under the old signature.
        vec![address(api, 60, "6.6.6.6"), signature],
        // None at all.
        vec![address(api, 60, "6.6.6.6")],
        // Somebody else's.
        stranger.sign(vec![address(api, 60, "6.6.6.6")]),
    ];
    for bad in bad {
        dns.say(api, RecordType::A, records(bad));
        bench.fails(api, "bogus").await;
        assert_eq!(bench.strict(api).await, ips(&["8.8.8.8"]));
        dns.say(api, RecordType::A, records(good.clone()));
        bench.comes_to(api, &["8.8.8.8"]).await;
        super::until("it is asked for again", || async { bench.status(api).failure.is_none() })
            .await;
    }
}

/// Nothing vouches for a zone whose keys nobody knows.
#[tokio::test]
async fn what_can_not_be_validated_is_refused() {
    let signer = Signer::new();
    let dns = NameServer::start().await;
    let api = "api.signed.example";
    let stranger = Signer::new();
    dns.say(ZONE, RecordType::DNSKEY, records(stranger.sign(vec![stranger.key_record()])));
    dns.say(api, RecordType::A, records(stranger.sign(vec![address(api, 60, "6.6.6.6")])));
    let bench = Bench::start(validating(&dns, &signer), &[(api, false)]);
    assert_eq!(bench.strict(api).await, ips(&[]));
    assert_eq!(bench.status(api).failure.unwrap().word(), "bogus");
    // Without validation it would do.
    let plain = Settings { dnssec: Dnssec::Off, ..validating(&dns, &signer) };
    let bench = Bench::start(plain, &[(api, false)]);
    assert_eq!(bench.strict(api).await, ips(&["6.6.6.6"]));
}
