//! Signed zones (DNSSEC).

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use egret::resolve::{Dnssec, Family, Settings};
use hickory_proto::dnssec::crypto::Ed25519SigningKey;
use hickory_proto::dnssec::rdata::{DNSKEY, DNSSECRData, DS, NSEC, NSEC3, RRSIG};
use hickory_proto::dnssec::{DigestType, DnssecSigner, Nsec3HashAlgorithm, SigningKey};
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::rdata::{NS, SOA};
use hickory_proto::rr::{DNSClass, RData, Record, RecordSet, RecordType};

use super::{Bench, ips, quick};
use crate::support::dns::{NameServer, Reply, address, alias, code, name, records, response};

const ZONE: &str = "signed.example";
/// What the zone hands to others, who sign nothing, and a name in there.
const PLAIN: &str = "plain.signed.example";
const INSIDE: &str = "api.plain.signed.example";
/// What an unsigned delegation has.
const DELEGATION: &[RecordType] = &[RecordType::NS];

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

    /// That a zone has this key.
    fn delegation(&self, owner: &str) -> Record {
        let (key, sha256) = (self.key.public_key(), DigestType::SHA256);
        dnssec(owner, DNSSECRData::DS(DS::from_key(key, &name(owner), sha256).unwrap()))
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

fn soa() -> Record {
    let data = SOA::new(name("ns.signed.example"), name("a.signed.example"), 1, 60, 60, 60, 60);
    Record::from_rdata(name(ZONE), 60, RData::SOA(data))
}

fn dnssec(owner: &str, data: DNSSECRData) -> Record {
    Record::from_rdata(name(owner), 60, RData::DNSSEC(data))
}

/// That a name has these kinds of records and no others.
fn nsec(owner: &str, kinds: &[RecordType]) -> Vec<Record> {
    let data = NSEC::new_cover_self(name(ZONE), kinds.iter().copied());
    vec![dnssec(owner, DNSSECRData::NSEC(data))]
}

/// The same of a name that stands there hashed. The next name is the same again, so whatever has
/// another hash is said not to be there; but with `opt_out`, it may be an unsigned delegation.
fn nsec3(owner: &str, kinds: &[RecordType], opt_out: bool) -> Vec<Record> {
    let sha1 = Nsec3HashAlgorithm::SHA1;
    let hash = sha1.hash(&[], &name(owner), 0).unwrap().as_ref().to_vec();
    let data = NSEC3::new(sha1, opt_out, 0, Vec::new(), hash, kinds.iter().copied());
    let hashed = data.next_hashed_owner_name_base32().unwrap().to_string();
    vec![dnssec(&format!("{hashed}.{ZONE}"), DNSSECRData::NSEC3(data))]
}

/// No record, and this to prove it.
fn none(proof: Vec<Record>) -> Reply {
    Arc::new(move |question, _| {
        let mut response = response(question);
        response.add_authorities(proof.clone());
        vec![response.to_vec().unwrap()]
    })
}

/// A zone that has handed `owner` to somebody, where that has the address 8.8.8.8 unsigned.
async fn delegating(signer: &Signer, owner: &str, inside: &str) -> NameServer {
    let dns = NameServer::start().await;
    dns.say(ZONE, RecordType::DNSKEY, records(signer.sign(vec![signer.key_record()])));
    let server = Record::from_rdata(name(owner), 60, RData::NS(NS(name("ns.elsewhere.example"))));
    dns.say(owner, RecordType::NS, records(vec![server]));
    dns.say(inside, RecordType::A, records(vec![address(inside, 60, "8.8.8.8")]));
    dns
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

/// RFC 4035, section 5.2: what the zone above proves to be handed on unsigned is not bogus.
#[tokio::test]
async fn what_is_proved_to_be_unsigned_is_taken() {
    use RecordType::{DNSKEY, NS, NSEC3PARAM, RRSIG, SOA};
    let signer = Signer::new();
    let apex = &[NS, SOA, RRSIG, DNSKEY, NSEC3PARAM];
    for proof in [
        nsec(PLAIN, DELEGATION),
        nsec3(PLAIN, DELEGATION, false),
        // As the zones of most providers' names have it (.com).
        nsec3(ZONE, apex, true),
    ] {
        let dns = delegating(&signer, PLAIN, INSIDE).await;
        let proof = [signer.sign(vec![soa()]), signer.sign(proof)].concat();
        dns.say(PLAIN, RecordType::DS, none(proof.clone()));
        let www = "www.signed.example";
        let there = signer.sign(vec![alias(www, 60, INSIDE)]);
        let there = [there, vec![address(INSIDE, 60, "8.8.8.8")]].concat();
        dns.say(www, RecordType::A, records(there));
        let bench = Bench::start(validating(&dns, &signer), &[(INSIDE, false), (www, false)]);
        assert_eq!(bench.strict(INSIDE).await, ips(&["8.8.8.8"]), "{proof:?}");
        assert_eq!(bench.strict(www).await, ips(&["8.8.8.8"]), "{proof:?}");
    }
}

/// Whoever is in between can leave signatures out, forge delegations, and say again what the zone
/// has said of other names.
#[tokio::test]
async fn what_only_looks_unsigned_is_refused() {
    use RecordType::{A, DNSKEY, DS, NS, NSEC3PARAM, RRSIG, SOA};
    let (signer, stranger) = (Signer::new(), Signer::new());
    let signed = |records| [signer.sign(vec![soa()]), signer.sign(records)].concat();
    let ds = stranger.delegation(PLAIN);
    let apex = &[NS, SOA, RRSIG, DNSKEY, NSEC3PARAM];
    for (what, answer) in [
        ("no proof", none(Vec::new())),
        ("no proof but a SOA", none(vec![soa()])),
        ("no such name", code(ResponseCode::NXDomain)),
        ("a proof without signature", none([vec![soa()], nsec(PLAIN, DELEGATION)].concat())),
        ("a stranger's proof", none(stranger.sign(nsec(PLAIN, DELEGATION)))),
        ("a proof of another name", none(signed(nsec("other.signed.example", DELEGATION)))),
        ("a proof that there is a key", none(signed(nsec(PLAIN, &[NS, DS])))),
        ("a proof that it is no delegation", none(signed(nsec(PLAIN, &[A])))),
        ("the same, hashed", none(signed(nsec3(PLAIN, &[A], true)))),
        ("a proof that it is not there", none(signed(nsec3(ZONE, apex, false)))),
        ("a key, which has signed nothing", records(signer.sign(vec![ds]))),
    ] {
        let dns = delegating(&signer, PLAIN, INSIDE).await;
        dns.say(PLAIN, RecordType::DS, answer);
        let api = "api.signed.example";
        dns.say(api, A, records(signer.sign(vec![address(api, 60, "1.1.1.1")])));
        let bench = Bench::start(validating(&dns, &signer), &[(INSIDE, false), (api, false)]);
        assert_eq!(bench.strict(INSIDE).await, ips(&[]), "{what}");
        assert_eq!(bench.status(INSIDE).failure.unwrap().word(), "bogus", "{what}");
        assert_eq!(bench.strict(api).await, ips(&["1.1.1.1"]), "{what}");
    }
}

/// Who has no anchor above a name can't say that it is unsigned.
#[tokio::test]
async fn names_outside_of_the_anchors_are_refused() {
    let signer = Signer::new();
    let dns = delegating(&signer, "elsewhere.example", "api.elsewhere.example").await;
    let api = "api.elsewhere.example";
    let bench = Bench::start(validating(&dns, &signer), &[(api, false)]);
    assert_eq!(bench.strict(api).await, ips(&[]));
    assert_eq!(bench.status(api).failure.unwrap().word(), "bogus");
}
