//! Amazon's signature.

use std::sync::Arc;

use providers::vendor::Vendor;

use super::{Resolver, place};
use crate::config::decode::Field;
use crate::config::problem::Mark;
use crate::config::raw::{RawAws, RawSecret};
use crate::config::value::Switch;
use crate::credential::{
    Aws, AwsEnvironment, AwsSource, Credential, Issuer, Place, Role, SESSION_NAME, StaticKeys,
    WebIdentity,
};

impl Resolver<'_> {
    pub(super) fn aws(
        &mut self,
        section: Mark,
        raw: RawAws,
        vendor: &'static Vendor,
        backend_region: Option<&str>,
    ) -> Option<Credential> {
        let RawAws {
            region,
            service,
            profile,
            access_key_id,
            secret_access_key,
            session_token,
            role_arn,
            session_name,
            external_id,
            web_identity_token_file,
            instance,
            sts_url,
            instance_url,
        } = raw;
        let env = self.surroundings.env;
        let service = service.value().or_else(|| vendor.credential().sigv4().map(str::to_owned));
        if service.is_none() {
            let what = format!("{} takes no signature of Amazon's", vendor.title());
            let remedy = "a vendor of Amazon's (bedrock, …), or `service`: what signatures call it";
            self.problems.add(section, what, remedy);
        }
        let region = match (region, backend_region) {
            (Field::Wrong, _) => None,
            (Field::Given(_, region), _) => Some(region),
            (Field::Absent, Some(region)) => Some(region.to_owned()),
            (Field::Absent, None) => AwsEnvironment::region(env),
        };
        if region.is_none() {
            let remedy = "region: eu-central-1, here or beside `vendor`; or AWS_REGION is set";
            self.problems.add(section, "nothing says for which region requests are signed", remedy);
        }
        let mut environment = AwsEnvironment::of(env);
        if let Some(url) = self.endpoint(instance_url) {
            environment = environment.with_instance(url);
        }
        let session_name = session_name.value();
        let external_id = external_id.value();
        let role = role_arn.given().map(|(mark, arn)| {
            if !arn.starts_with("arn:") {
                self.problems.add(
                    mark,
                    "this is not the name of a role",
                    "arn:aws:iam::123456789012:role/egret",
                );
            }
            let session_name = session_name.unwrap_or_else(|| SESSION_NAME.to_owned());
            Role { arn, session_name, external_id }
        });
        let keys = self.static_keys(access_key_id, secret_access_key, session_token);
        let profile = profile.given();
        let identity = web_identity_token_file.given();
        let instance = instance.given().filter(|(_, Switch(on))| *on);
        let given = [
            keys.as_ref().map(|(mark, _)| *mark),
            profile.as_ref().map(|(mark, _)| *mark),
            identity.as_ref().map(|(mark, _)| *mark),
            instance.as_ref().map(|(mark, _)| *mark),
        ];
        if let [_, .., second] = given.into_iter().flatten().collect::<Vec<_>>()[..] {
            let what = "two places where keys would come from";
            let remedy = "one of access_key_id, profile, web_identity_token_file, instance";
            self.problems.add(second, what, remedy);
        }
        let (source, role) = if let Some((_, keys)) = keys {
            (AwsSource::Keys(keys?), role)
        } else if let Some((_, name)) = profile {
            (AwsSource::Profile(name), role)
        } else if let Some((mark, path)) = identity {
            let Some(role) = role else {
                let what = "a web identity token is for a role, and there is none";
                self.problems.add(mark, what, "role_arn: arn:aws:iam::123456789012:role/egret");
                return None;
            };
            let token_file = self.token_file(mark, &path)?;
            (AwsSource::WebIdentity(WebIdentity { token_file, role }), None)
        } else if instance.is_some() {
            (AwsSource::Instance, role)
        } else {
            if let Some(what) = environment.wrong() {
                let what = format!("{what}: it is not what it should be");
                self.problems.add(section, what, "variables as Amazon's SDKs take them, or none");
            }
            (AwsSource::Chain, role)
        };
        let sts = self.endpoint(sts_url);
        let (service, region) = (service?, region?);
        let aws = Aws { source, role, region: region.clone(), sts, environment };
        Some(Credential::signature(Place { service, region }, Issuer::Aws(Box::new(aws))))
    }

    /// Keys of Amazon's that the configuration names; inside, `None` if they are wrong.
    fn static_keys(
        &mut self,
        id: Field<RawSecret>,
        secret: Field<RawSecret>,
        session: Field<RawSecret>,
    ) -> Option<(Mark, Option<StaticKeys>)> {
        let mark = [&id, &secret, &session].into_iter().find_map(place)?;
        let mark = mark.unwrap_or(Mark { line: 1, column: 1 });
        let remedy = "access_key_id and secret_access_key, each { env: NAME } or { file: /path }";
        if matches!(id, Field::Absent) || matches!(secret, Field::Absent) {
            self.problems.add(mark, "one part of Amazon's keys is missing", remedy);
            return Some((mark, None));
        }
        let mut source = |raw: Field<RawSecret>| {
            let (mark, raw) = raw.given()?;
            self.secret(mark, raw).map(Arc::new)
        };
        let wants_session = !matches!(session, Field::Absent);
        let (id, secret, session) = (source(id), source(secret), source(session));
        let whole = session.is_some() || !wants_session;
        let keys = id.zip(secret).filter(|_| whole);
        Some((mark, keys.map(|(id, secret)| StaticKeys { id, secret, session })))
    }
}
