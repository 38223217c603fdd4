//! The configuration of a gateway that was given none: one that Egret writes itself.

use std::ffi::OsString;

use crate::credential::SecretSource;

/// What to say where nothing is there to work with.
const NO_PROVIDER: &str = "no configuration file was given, and none of \
    OPENAI_API_KEY, ANTHROPIC_API_KEY, GEMINI_API_KEY and GOOGLE_API_KEY is set; \
    export the key of a provider, or write a file: egret run --config conf/egret.yaml";

/// A provider, the variables its SDK takes its key from, and the models it is known for.
struct Provider {
    schema: &'static str,
    variables: &'static [&'static str],
    models: &'static str,
}

const PROVIDERS: [Provider; 3] = [
    Provider {
        schema: "openai",
        variables: &["OPENAI_API_KEY"],
        models: r#"["gpt-*", "o*", "chatgpt-*"]"#,
    },
    Provider { schema: "claude", variables: &["ANTHROPIC_API_KEY"], models: r#"["claude-*"]"# },
    Provider {
        schema: "gemini",
        variables: &["GEMINI_API_KEY", "GOOGLE_API_KEY"],
        models: r#"["gemini-*"]"#,
    },
];

/// The configuration for the providers whose keys are set.
///
/// # Errors
///
/// None is, or what is set is not a key: what to do about it.
pub(super) fn config(env: &dyn Fn(&str) -> Option<OsString>) -> Result<String, String> {
    let mut backends = String::new();
    let mut routes = String::new();
    for Provider { schema, variables, models } in PROVIDERS {
        let set = |name: &&&str| env(name).is_some_and(|value| !value.is_empty());
        let Some(variable) = variables.iter().find(set) else { continue };
        if let Err(error) = SecretSource::from_env(variable, env) {
            return Err(format!("{variable}: {error}; set it to {}", error.remedy()));
        }
        let backend =
            format!("  {schema}: {{ schema: {schema}, credential: {{ env: {variable} }} }}\n");
        backends.push_str(&backend);
        routes.push_str(&format!("  - {{ models: {models}, backends: [{schema}] }}\n"));
    }
    if backends.is_empty() {
        return Err(NO_PROVIDER.to_owned());
    }
    Ok(format!(
        "listeners: [{{ address: 127.0.0.1:8080 }}]\n\
         backends:\n{backends}routes:\n{routes}anonymous: true\n"
    ))
}
