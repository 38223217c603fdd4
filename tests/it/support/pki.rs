//! Certificates and revocation lists of every kind, good and bad.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationList,
    CertificateRevocationListParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyIdMethod, KeyPair, KeyUsagePurpose, PKCS_ED25519, PublicKeyData, RevokedCertParams,
    SerialNumber, date_time_ymd,
};
use sha2::{Digest, Sha256};
use tokio_rustls::rustls::pki_types::CertificateDer;

/// 2046, and February 2026.
const END: u64 = 2_398_377_600;
const LONG_AGO: u64 = 1_769_904_000;

static SERIALS: AtomicU64 = AtomicU64::new(1);

/// A CA.
pub struct Ca {
    issuer: CertifiedIssuer<'static, KeyPair>,
    serial: u64,
}

/// A certificate with its key.
pub struct Leaf {
    pub certificate: CertificateDer<'static>,
    pub key: KeyPair,
    pub serial: u64,
}

/// A root, a CA that it has signed, and what that signs.
pub struct Pki {
    pub root: Ca,
    pub issuing: Ca,
}

impl Pki {
    pub fn new() -> Self {
        let root = Ca::root("root");
        let issuing = root.ca("issuing", |_| {});
        Self { root, issuing }
    }
}

fn ca_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2046, 1, 1);
    params
}

fn serial() -> u64 {
    SERIALS.fetch_add(1, Ordering::Relaxed)
}

impl Ca {
    /// One that has signed itself.
    pub fn root(name: &str) -> Self {
        Self::root_of(name, KeyPair::generate().unwrap())
    }

    /// The same, with a key that is none of elliptic curves' (ECDSA).
    pub fn ed25519(name: &str) -> Self {
        Self::root_of(name, KeyPair::generate_for(&PKCS_ED25519).unwrap())
    }

    fn root_of(name: &str, key: KeyPair) -> Self {
        let (mut params, serial) = (ca_params(name), serial());
        params.serial_number = Some(serial.into());
        let issuer = CertifiedIssuer::self_signed(params, key).unwrap();
        Self { issuer, serial }
    }

    /// One that this one has signed.
    pub fn ca(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let (mut params, serial) = (ca_params(name), serial());
        params.serial_number = Some(serial.into());
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let issuer = CertifiedIssuer::signed_by(params, key, &self.issuer).unwrap();
        Self { issuer, serial }
    }

    /// A server's certificate for these names.
    pub fn leaf(&self, names: &[&str]) -> Leaf {
        self.leaf_with(names, |_| {})
    }

    /// The same, with a change.
    pub fn leaf_with(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Leaf {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        let serial = serial();
        params.serial_number = Some(serial.into());
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2036, 1, 1);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Leaf { certificate: certificate.der().clone(), key, serial }
    }

    /// A client's certificate.
    pub fn client(&self, name: &str) -> Leaf {
        self.leaf_with(&[name], |params| {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        })
    }

    pub fn serial(&self) -> u64 {
        self.serial
    }

    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    pub fn der(&self) -> CertificateDer<'static> {
        self.issuer.der().clone()
    }

    /// The pin of its public key.
    pub fn pin(&self) -> String {
        key_pin(self.issuer.key())
    }

    /// The pin of its certificate.
    pub fn certificate_pin(&self) -> String {
        certificate_pin(self.issuer.der())
    }

    /// Its list, which revokes these and is good for years.
    pub fn list(&self, revoked: &[u64]) -> CertificateRevocationList {
        self.list_of(revoked, (2026, 6), END)
    }

    /// Its list, made later and just as good.
    pub fn later_list(&self, revoked: &[u64]) -> CertificateRevocationList {
        self.list_of(revoked, (2026, 7), END)
    }

    /// Its list, made earlier and just as good.
    pub fn earlier_list(&self, revoked: &[u64]) -> CertificateRevocationList {
        self.list_of(revoked, (2026, 5), END)
    }

    /// Its list, which was out of date long ago.
    pub fn stale_list(&self, revoked: &[u64]) -> CertificateRevocationList {
        self.list_of(revoked, (2026, 1), LONG_AGO)
    }

    /// Its list, which is out of date at this second since 1970.
    pub fn list_until(&self, revoked: &[u64], until: u64) -> CertificateRevocationList {
        self.list_of(revoked, (2026, 6), until)
    }

    /// Its list, as if it had been made in years.
    pub fn future_list(&self, revoked: &[u64]) -> CertificateRevocationList {
        self.list_of(revoked, (2045, 1), END)
    }

    /// Its list of a year and month, good until this second since 1970.
    fn list_of(
        &self,
        revoked: &[u64],
        (year, month): (i32, u8),
        until: u64,
    ) -> CertificateRevocationList {
        let this_update = date_time_ymd(year, month, 1);
        let next_update = date_time_ymd(1970, 1, 1) + Duration::from_secs(until);
        let revoked = revoked.iter().map(|serial| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: this_update,
            reason_code: None,
            invalidity_date: None,
        });
        let params = CertificateRevocationListParams {
            this_update,
            next_update,
            crl_number: serial().into(),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.issuer).unwrap()
    }
}

impl Leaf {
    pub fn pem(&self) -> String {
        pem(&self.certificate)
    }

    /// The pin of its public key.
    pub fn pin(&self) -> String {
        key_pin(&self.key)
    }

    /// The pin of all of it.
    pub fn certificate_pin(&self) -> String {
        certificate_pin(&self.certificate)
    }
}

/// A certificate in PEM.
fn pem(der: &CertificateDer<'_>) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

fn key_pin(key: &KeyPair) -> String {
    format!("sha256/{}", STANDARD.encode(Sha256::digest(key.subject_public_key_info())))
}

fn certificate_pin(der: &CertificateDer<'_>) -> String {
    format!("cert-sha256/{}", STANDARD.encode(Sha256::digest(der)))
}

/// Seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}
