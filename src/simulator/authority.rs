//! A private certificate authority, made on the spot.

use std::io;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, SerialNumber, date_time_ymd,
};

/// A certificate and its key.
#[derive(Clone)]
pub struct Identity {
    /// The certificate, in PEM.
    pub certificate_pem: String,
    /// Its private key (PKCS #8), in PEM.
    pub key_pem: String,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Identity")
    }
}

/// A root that lives as long as this value; its key is never written anywhere.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate_pem: String,
}

impl Authority {
    /// A new root, with a key of its own (EC P-256).
    ///
    /// # Errors
    /// If the system gives no randomness.
    pub fn new() -> io::Result<Self> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(io::Error::other)?;
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "Egret simulator root");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2046, 1, 1);
        let certificate = params.self_signed(&key).map_err(io::Error::other)?;
        Ok(Self { certificate_pem: certificate.pem(), issuer: Issuer::new(params, key) })
    }

    /// The root's certificate, in PEM: what a client trusts.
    pub fn ca_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// Its revocation list, in PEM: nothing is revoked.
    ///
    /// # Errors
    /// If it can't be signed.
    pub fn crl_pem(&self) -> io::Result<String> {
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2026, 1, 1),
            next_update: date_time_ymd(2046, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: Vec::new(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let list = list.signed_by(&self.issuer).map_err(io::Error::other)?;
        list.pem().map_err(io::Error::other)
    }

    /// A server certificate for these DNS names and addresses.
    ///
    /// # Errors
    /// If a name is not one.
    pub fn issue(&self, names: &[&str]) -> io::Result<Identity> {
        self.sign(params(names, ExtendedKeyUsagePurpose::ServerAuth)?)
    }

    /// A server certificate whose time was over at the end of 2025.
    ///
    /// # Errors
    /// If a name is not one.
    pub fn issue_expired(&self, names: &[&str]) -> io::Result<Identity> {
        let mut params = params(names, ExtendedKeyUsagePurpose::ServerAuth)?;
        params.not_before = date_time_ymd(2024, 1, 1);
        params.not_after = date_time_ymd(2025, 12, 31);
        self.sign(params)
    }

    /// A client certificate with this common name.
    ///
    /// # Errors
    /// If the system gives no randomness.
    pub fn issue_client(&self, name: &str) -> io::Result<Identity> {
        let mut params = params(&[], ExtendedKeyUsagePurpose::ClientAuth)?;
        params.distinguished_name.push(DnType::CommonName, name);
        self.sign(params)
    }

    fn sign(&self, params: CertificateParams) -> io::Result<Identity> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(io::Error::other)?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(io::Error::other)?;
        Ok(Identity { certificate_pem: certificate.pem(), key_pem: key.serialize_pem() })
    }
}

fn params(names: &[&str], usage: ExtendedKeyUsagePurpose) -> io::Result<CertificateParams> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names.clone()).map_err(io::Error::other)?;
    let name = names.first().map_or("Egret simulator", String::as_str);
    params.distinguished_name.push(DnType::CommonName, name);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![usage];
    params.use_authority_key_identifier_extension = true;
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2036, 1, 1);
    Ok(params)
}
