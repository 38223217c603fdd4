//! Roles: keys of the Security Token Service.

use std::time::SystemTime;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::super::endpoint::Endpoint;
use super::super::issuer::{MintError, accepted, file, form, secret_header, tag, text};
use super::super::lease::{AwsKeys, Lease};
use super::super::sigv4::{Signable, Signer, stamp};
use super::{Aws, Role, WebIdentity, Written};
use crate::fetch::{Fetched, Fetcher};

const VERSION: (&str, &str) = ("Version", "2011-06-15");

impl Aws {
    fn sts(&self) -> Endpoint {
        let own = || {
            let suffix = if self.region.starts_with("cn-") { ".cn" } else { "" };
            Endpoint::known(format!("https://sts.{}.amazonaws.com{suffix}", self.region))
        };
        self.sts.clone().unwrap_or_else(own)
    }

    /// Keys of a role, for a token of somebody else's.
    pub(super) async fn web_identity(
        &self,
        fetcher: &Fetcher,
        WebIdentity { token_file, role }: &WebIdentity,
    ) -> Result<Lease, MintError> {
        let token = file(token_file).await?;
        let token = std::str::from_utf8(token.trim_ascii());
        let token = token.map_err(|_| MintError::Unreadable("the web identity token"))?;
        let (headers, body) = question(&[
            ("Action", "AssumeRoleWithWebIdentity"),
            VERSION,
            ("RoleArn", &role.arn),
            ("RoleSessionName", &role.session_name),
            ("WebIdentityToken", token),
        ]);
        keys(&fetcher.post(&self.sts().at("/"), headers, body).await?)
    }

    /// Keys of a role, for other keys.
    pub(super) async fn assume(
        &self,
        fetcher: &Fetcher,
        role: &Role,
        keys_of: &AwsKeys,
    ) -> Result<Lease, MintError> {
        let mut fields = vec![
            ("Action", "AssumeRole"),
            VERSION,
            ("RoleArn", &role.arn),
            ("RoleSessionName", &role.session_name),
        ];
        if let Some(id) = &role.external_id {
            fields.push(("ExternalId", id));
        }
        let (mut headers, body) = question(&fields);
        let sts = self.sts();
        sign(&mut headers, &body, &sts, &self.region, keys_of)?;
        keys(&fetcher.post(&sts.at("/"), headers, body).await?)
    }
}

/// A form for STS. Nothing is said of what is accepted: asked for JSON, STS answers in JSON, errors
/// too, and what is read here is the XML that its API is described in.
fn question(fields: &[(&str, &str)]) -> (HeaderMap, Bytes) {
    let (mut headers, body) = form(fields);
    headers.remove(header::ACCEPT);
    (headers, body)
}

fn sign(
    headers: &mut HeaderMap,
    body: &Bytes,
    sts: &Endpoint,
    region: &str,
    keys: &AwsKeys,
) -> Result<(), MintError> {
    const DATE: HeaderName = HeaderName::from_static("x-amz-date");
    const TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");
    let stamp = stamp(SystemTime::now());
    let authority = sts.authority();
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let mut signed = vec![
        ("content-type", kind.unwrap_or_default()),
        ("host", authority.as_str()),
        ("x-amz-date", stamp.as_str()),
    ];
    if let Some(session) = &keys.session {
        signed.push(("x-amz-security-token", text(session)?));
    }
    let id = text(&keys.id)?;
    let signer = Signer { id, secret: keys.secret.expose(), region, service: "sts" };
    let signable = Signable { method: "POST", path: "/", query: "", headers: &signed, body };
    let signature = signer.sign(&signable, &stamp).authorization;
    let (name, value) = secret_header(header::AUTHORIZATION, "", signature.as_bytes())?;
    headers.insert(name, value);
    if let Some(session) = &keys.session {
        headers.extend([secret_header(TOKEN, "", session.expose())?]);
    }
    let date = HeaderValue::try_from(stamp).map_err(|_| MintError::Unreadable("the time"))?;
    headers.insert(DATE, date);
    Ok(())
}

/// The keys in an answer, which is XML.
fn keys(answer: &Fetched) -> Result<Lease, MintError> {
    let wrong = || MintError::Unreadable("the answer of STS");
    let xml = std::str::from_utf8(accepted(answer)?).map_err(|_| wrong())?;
    let credentials = tag(xml, "Credentials").ok_or_else(wrong)?;
    let get = |name| tag(credentials, name).map(|text| text.trim().to_owned());
    let written = Written {
        access_key_id: get("AccessKeyId").ok_or_else(wrong)?,
        secret_access_key: get("SecretAccessKey").ok_or_else(wrong)?,
        token: get("SessionToken"),
        expiration: get("Expiration"),
    };
    written.lease()
}
