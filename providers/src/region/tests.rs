#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;

fn place(name: &str) -> &'static Place {
    Place::named(name).unwrap_or_else(|| panic!("{name}"))
}

#[test]
fn the_table_can_be_read() {
    let table = file::read(include_str!("../../catalog/regions.toml")).unwrap();
    assert!(table.places.len() > 150);
}

#[test]
fn an_area_holds_what_can_only_be_in_it() {
    for (area, inside, holds) in [
        ("eu", "eu-central-1", true),
        ("eu", "europe-west4", true),
        ("eu", "westeurope", true),
        ("eu", "eu-west-2", false),
        ("eu", "europe-west6", false),
        ("eu", "switzerlandnorth", false),
        ("eu", "norwayeast", false),
        ("eea", "norwayeast", true),
        ("europe", "eu-west-2", true),
        ("uk", "eu-west-2", true),
        ("gb", "uksouth", true),
        ("uk", "gb", true),
        ("ch", "europe-west6", true),
        ("eu", "eu", true),
        ("europe", "eu", true),
        ("eu", "europe", false),
        ("de", "eu", false),
        ("de", "eu-central-1", true),
        ("eu-central-1", "eu-central-1", true),
        ("eu-central-1", "de", false),
        ("eu-central-1", "europe-west3", false),
        ("eu-central-1", "eu-west-1", false),
        ("us", "us-gov-west-1", true),
        ("us", "ca-central-1", false),
        ("apac", "ap-southeast-2", true),
        ("apac", "cn-north-1", false),
        ("eu", "global", false),
        ("global", "global", false),
        ("global", "eu", false),
    ] {
        assert_eq!(place(area).holds(place(inside)), holds, "{area} {inside}");
    }
    for unknown in ["", "mars-1", "EU", "eu-central-9", "eu "] {
        assert_eq!(Place::named(unknown), None, "{unknown}");
    }
}

#[test]
fn hosts_say_where_they_are() {
    for (host, region) in [
        ("bedrock-runtime.eu-central-1.amazonaws.com", Some("eu-central-1")),
        ("bedrock-runtime.eu-central-1.amazonaws.com.", Some("eu-central-1")),
        ("bedrock-mantle.us-east-1.api.aws", Some("us-east-1")),
        ("vpce-1-x.bedrock-runtime.eu-west-1.vpce.amazonaws.com", Some("eu-west-1")),
        ("a.b.bedrock-runtime.eu-west-1.vpce.amazonaws.com", Some("eu-west-1")),
        ("a.bedrock-runtime-fips.us-east-1.vpce.amazonaws.com", Some("us-east-1")),
        ("bedrock-runtime-fips.us-east-1.api.aws", Some("us-east-1")),
        ("bedrock-runtime.eusc-de-east-1.amazonaws.eu", Some("eusc-de-east-1")),
        ("bedrock-runtime-fips.eusc-de-east-1.amazonaws.eu", Some("eusc-de-east-1")),
        ("bedrock-runtime.cn-north-1.amazonaws.com.cn", Some("cn-north-1")),
        ("bedrock-runtime.cn-north-1.api.amazonwebservices.com.cn", Some("cn-north-1")),
        ("runtime.sagemaker.cn-north-1.amazonaws.com.cn", Some("cn-north-1")),
        ("europe-west1-aiplatform.googleapis.com", Some("europe-west1")),
        ("aiplatform.eu.rep.googleapis.com", Some("eu")),
        ("aiplatform.googleapis.com", Some("global")),
        ("westeurope.api.cognitive.microsoft.com", Some("westeurope")),
        ("llama.swedencentral.models.ai.azure.com", Some("swedencentral")),
        ("api.openai.com", Some("global")),
        ("eu.api.openai.com", Some("eu")),
        ("api.anthropic.com", Some("global")),
        ("bedrock-runtime.eu-central-9.amazonaws.com", Some("eu-central-9")),
        ("contoso.openai.azure.com", None),
        ("bedrock-runtime.eu.x.amazonaws.com", None),
        ("bedrock-runtime..amazonaws.com", None),
        ("bedrock-runtime.eu-central-1.amazonaws.com.evil.example", None),
        ("evil.example", None),
        ("127.0.0.1", None),
        ("", None),
    ] {
        assert_eq!(of_host(host).map(|told| told.region), region, "{host}");
    }
    let profiles = |host: &str| of_host(host).is_some_and(|told| told.has_inference_profiles);
    for bedrock in [
        "bedrock-runtime.eu-central-1.amazonaws.com",
        "bedrock-runtime-fips.us-east-1.amazonaws.com",
        "bedrock-mantle.us-east-1.api.aws",
        "vpce-1-x.bedrock-runtime.eu-west-1.vpce.amazonaws.com",
        "vpce-1-x.bedrock-runtime-fips.us-east-1.vpce.amazonaws.com",
        "vpce-1-x.bedrock-runtime.eusc-de-east-1.vpce.amazonaws.eu",
        "bedrock-runtime-fips.us-east-1.api.aws",
        "bedrock-runtime.eusc-de-east-1.amazonaws.eu",
        "bedrock-runtime.eusc-de-east-1.api.amazonwebservices.eu",
        "bedrock-runtime.cn-north-1.amazonaws.com.cn",
        "bedrock-runtime.cn-north-1.api.amazonwebservices.com.cn",
    ] {
        assert!(profiles(bedrock), "{bedrock}");
    }
    for other in ["api.openai.com", "runtime.sagemaker.eu-west-1.amazonaws.com", "evil.example"] {
        assert!(!profiles(other), "{other}");
    }
    let may_be = |host: &str, declared: &str| of_host(host).unwrap().may_be(declared);
    assert!(may_be("europe-west1-aiplatform.googleapis.com", "eu"));
    assert!(may_be("europe-west1-aiplatform.googleapis.com", "europe-west1"));
    assert!(!may_be("europe-west1-aiplatform.googleapis.com", "europe-west4"));
    assert!(!may_be("eu.api.openai.com", "eu-central-1"), "it may be anywhere in the EU");
    assert!(!may_be("api.openai.com", "eu"));
    assert!(may_be("api.anthropic.com", "us") && !may_be("api.anthropic.com", "eu"));
    assert!(may_be("bedrock-runtime.eu-central-9.amazonaws.com", "eu-central-9"));
    assert!(!may_be("bedrock-runtime.eu-central-9.amazonaws.com", "eu"), "nobody knows that");
}

#[test]
fn inference_profiles_say_over_what_they_spread() {
    for (model, expected) in [
        ("anthropic.claude-opus-4-7", Profile::Home),
        ("openai.gpt-oss-120b-1:0", Profile::Home),
        ("eu.anthropic.claude-sonnet-4-20250514-v1:0", Profile::Across(place("eu"))),
        ("us.anthropic.claude-x", Profile::Across(place("us"))),
        ("us-gov.anthropic.claude-x", Profile::Across(place("us"))),
        ("apac.amazon.nova-pro-v1:0", Profile::Across(place("apac"))),
        ("global.anthropic.claude-x", Profile::Across(place("global"))),
        ("mars.anthropic.claude-x", Profile::Unknown),
        ("EU.anthropic.claude-x", Profile::Unknown),
        ("eu.nobody.x", Profile::Unknown),
        ("eu.x", Profile::Unknown),
        ("my-imported-model", Profile::Unknown),
        ("", Profile::Unknown),
        (
            "arn:aws:bedrock:eu-central-1:1:inference-profile/global.anthropic.claude-x",
            Profile::Across(place("global")),
        ),
        ("arn:aws:bedrock:eu-central-1::foundation-model/anthropic.claude-x", Profile::Home),
        ("arn:aws:bedrock:eu-central-1:1:application-inference-profile/abc", Profile::Unknown),
        ("arn:aws:bedrock", Profile::Unknown),
    ] {
        assert_eq!(of_model(model), expected, "{model}");
    }
}
