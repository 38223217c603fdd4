//! The CA that gives workloads their certificates, and takes them back.

use std::sync::atomic::{AtomicU64, Ordering};

use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SanType, SerialNumber,
    date_time_ymd,
};

/// A private CA.
pub struct Workloads {
    issuer: Issuer<'static, KeyPair>,
    ca_pem: String,
}

/// What a workload has: its certificate and key, and what it is revoked by.
pub struct Workload {
    pub certificate_pem: String,
    pub key_pem: String,
    serial: u64,
}

impl Workloads {
    /// A new one.
    pub fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2046, 1, 1);
        let ca_pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), ca_pem }
    }

    /// What is to be trusted.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// A certificate with these names: `uri:…` and `dns:…`.
    pub fn issue(&self, names: &[&str]) -> Workload {
        self.issue_until(names, 2036)
    }

    /// One that ends at the beginning of this year.
    pub fn issue_until(&self, names: &[&str], year: i32) -> Workload {
        static SERIALS: AtomicU64 = AtomicU64::new(1);
        let serial = SERIALS.fetch_add(1, Ordering::Relaxed);
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        let san = |name: &&str| match name.split_once(':').unwrap() {
            ("uri", uri) => SanType::URI(Ia5String::try_from(uri).unwrap()),
            (_, dns) => SanType::DnsName(Ia5String::try_from(dns).unwrap()),
        };
        params.subject_alt_names = names.iter().map(san).collect();
        params.serial_number = Some(SerialNumber::from(serial));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        params.not_before = date_time_ymd(2024, 1, 1);
        params.not_after = date_time_ymd(year, 1, 1);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Workload { certificate_pem: certificate.pem(), key_pem: key.serialize_pem(), serial }
    }

    /// The certificate of the workload of a SPIFFE ID.
    pub fn spiffe(&self, domain: &str, namespace: &str, account: &str) -> Workload {
        self.issue(&[&format!("uri:spiffe://{domain}/ns/{namespace}/sa/{account}")])
    }

    /// The list of what is revoked, good until the beginning of this year.
    pub fn revoked_until(&self, workloads: &[&Workload], year: i32) -> String {
        let revoked = workloads.iter().map(|workload| RevokedCertParams {
            serial_number: SerialNumber::from(workload.serial),
            revocation_time: date_time_ymd(2026, 2, 1),
            reason_code: None,
            invalidity_date: None,
        });
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2024, 1, 1),
            next_update: date_time_ymd(year, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        list.signed_by(&self.issuer).unwrap().pem().unwrap()
    }

    /// The list of what is revoked.
    pub fn revoked(&self, workloads: &[&Workload]) -> String {
        self.revoked_until(workloads, 2046)
    }
}

impl Workload {
    /// As a client shows it.
    pub fn identity(&self) -> reqwest::Identity {
        let pem = format!("{}{}", self.certificate_pem, self.key_pem);
        reqwest::Identity::from_pem(pem.as_bytes()).unwrap()
    }
}
