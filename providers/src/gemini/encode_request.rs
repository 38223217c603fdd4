//! Requests, from the model's words to Gemini's (`wire.md` §3, §5.1).

use std::borrow::Cow;

use super::encode_settings::{self, dialect};
use super::kept::Kept;
use super::wire::write::{Function, FunctionDeclaration, Node, Request as Out, Tool as OutTool};
use super::{encode_contents, reasoning};
use crate::Schema;
use crate::catalog::Capabilities;
use crate::codec::{Encoded, Target};
use crate::conversation::{Field, Loss, Refusal, Request, Tool, ToolChoice, Unsupported};
use crate::json;

/// What is left out, each field once.
pub(super) struct Losses<'a> {
    request: &'a Request<'a>,
    list: Vec<Loss>,
    emulated: Vec<Loss>,
}

impl Losses<'_> {
    /// Notes a field that was said in another way.
    fn emulate(&mut self, field: Field) {
        let emulated = Loss::of(self.request.name(field));
        if !self.emulated.contains(&emulated) {
            self.emulated.push(emulated);
        }
    }

    /// Notes the loss of a field, in the caller's words.
    pub(super) fn note(&mut self, field: Field) {
        self.name(self.request.name(field));
    }

    /// The same, where there was something to lose.
    pub(super) fn note_if(&mut self, lost: bool, field: Field) {
        if lost {
            self.note(field);
        }
    }

    /// Notes the loss of a field by its path.
    pub(super) fn name(&mut self, path: impl Into<Cow<'static, str>>) {
        let loss = Loss::of(path);
        if !self.list.contains(&loss) {
            self.list.push(loss);
        }
    }
}

/// Writes a request. The model and whether to stream stand in the path ([`super::path()`]).
pub(super) fn encode(request: &Request<'_>, target: &Target<'_>) -> Result<Encoded, Refusal> {
    let capabilities = target.capabilities;
    let mut losses = Losses { request, list: Vec::new(), emulated: Vec::new() };
    let mut settings = Node::object();

    // First, since an extension names what can't be said better than what is made of it.
    let mut kept = Kept::of(request);
    extensions(request, &kept, &mut settings, &mut losses)?;
    let system = encode_contents::system(request, &mut losses)?;
    let contents = encode_contents::contents(request, capabilities, &mut kept, &mut losses)?;
    let tools = tools(request, capabilities, &kept, &mut losses)?;
    tool_config(request, capabilities, &mut settings, &mut losses)?;
    encode_settings::all(request, capabilities, &mut settings, &mut losses)?;
    let lost = reasoning::encode(request, capabilities, &mut settings);
    losses.note_if(lost, Field::Reasoning);
    losses.note_if(request.user.is_some(), Field::User);

    let out = Out { system, contents, tools, settings };
    let body = json::write(&out, request.written_size()).map_err(|error| {
        Refusal::body(format!("The request could not be written for Gemini: {error}"))
    })?;
    let Losses { list: losses, emulated, .. } = losses;
    Ok(Encoded { losses, emulated, ..Encoded::of(body) })
}

fn tools<'a>(
    request: &'a Request<'_>,
    capabilities: &Capabilities,
    kept: &Kept<'a>,
    losses: &mut Losses<'_>,
) -> Result<Vec<OutTool<'a>>, Refusal> {
    let field = request.name(Field::Tools);
    if !request.tools.is_empty() && !capabilities.tools && request.schema != Schema::Gemini {
        let message = format!("This model takes no tools; leave `{field}` out or ask another one");
        return Err(Refusal::of(field, message));
    }
    let mut functions = Vec::new();
    let mut hosted = Vec::new();
    for tool in &request.tools {
        match tool {
            Tool::Function { name, description, parameters, cache, .. } => {
                if let Some(raw) = kept.function(name) {
                    functions.push(Function::Kept(raw));
                    continue;
                }
                if !is_name(name) {
                    return Err(Refusal::of(
                        field,
                        format!(
                            "Gemini takes no tool named `{name}`: names begin with a letter or \
                             _, hold letters, digits and _ . : - only, and are 64 characters \
                             long at most"
                        ),
                    ));
                }
                losses.note_if(cache.is_some(), Field::CacheControl);
                let schema = parameters
                    .as_ref()
                    .map(|schema| dialect(request, schema, field))
                    .transpose()?;
                losses.note_if(schema.as_ref().is_some_and(|(_, lost)| *lost), Field::Tools);
                functions.push(Function::Said(FunctionDeclaration {
                    name,
                    description: description.as_deref(),
                    parameters_json_schema: schema.map(|(schema, _)| schema),
                }));
            }
            Tool::Custom { name, .. } => {
                let message =
                    format!("Gemini has no free-text tools like `{name}`: make it a function");
                return Err(Refusal::of(request.name(Field::CustomTool), message));
            }
            Tool::Hosted { schema: Schema::Gemini, kind, raw } => {
                hosted.push(OutTool::Hosted(kind, raw));
            }
            Tool::Hosted { kind, .. } => {
                let message = format!("The tool `{kind}` exists only at its own provider");
                return Err(Refusal::of(request.name(Field::HostedTools), message));
            }
        }
    }
    let functions = (!functions.is_empty()).then_some(OutTool::Functions(functions));
    Ok(functions.into_iter().chain(hosted).collect())
}

/// Whether Gemini takes this as a tool's name: `[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}`.
fn is_name(name: &str) -> bool {
    let first = name.bytes().next();
    first.is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && name.len() <= 64
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte))
}

fn tool_config<'a>(
    request: &'a Request<'_>,
    capabilities: &Capabilities,
    settings: &mut Node<'a>,
    losses: &mut Losses<'_>,
) -> Result<(), Refusal> {
    let forced = match &request.tool_choice {
        Some(ToolChoice::Required | ToolChoice::Named(_)) => true,
        Some(ToolChoice::Allowed { required, .. }) => *required,
        Some(ToolChoice::Auto | ToolChoice::None) | None => false,
    };
    if forced && !capabilities.forced_tools && request.schema != Schema::Gemini {
        let field = request.name(Field::ToolChoice);
        let message = format!("This model can't be made to call a tool; leave `{field}` to it");
        return Err(Refusal::of(field, message));
    }
    if request.parallel_tool_calls == Some(false) && !request.tools.is_empty() {
        // Gemini can't be held to it: of the answer the first call is kept
        // (`Reply::first_call_only`).
        losses.emulate(Field::ParallelToolCalls);
    }
    let is_strict = |tool: &Tool<'_>| matches!(tool, Tool::Function { strict: Some(true), .. });
    let strict = request.tools.iter().any(is_strict);
    let (mode, names) = match &request.tool_choice {
        None if !strict => return Ok(()),
        // VALIDATED is AUTO, with arguments held to the schema.
        None | Some(ToolChoice::Auto) => (if strict { "VALIDATED" } else { "AUTO" }, Vec::new()),
        Some(ToolChoice::None) => ("NONE", Vec::new()),
        Some(ToolChoice::Required) => ("ANY", Vec::new()),
        Some(ToolChoice::Named(name)) => ("ANY", vec![Cow::Borrowed(&**name)]),
        Some(ToolChoice::Allowed { required, names }) => (
            if *required { "ANY" } else { "VALIDATED" },
            names.iter().map(|name| Cow::Borrowed(&**name)).collect(),
        ),
    };
    const CONFIG: [&str; 2] = ["toolConfig", "functionCallingConfig"];
    let [top, inner] = CONFIG;
    settings.put(&[top, inner, "mode"], Node::Text(Cow::Borrowed(mode)));
    if !names.is_empty() {
        settings.put(&[top, inner, "allowedFunctionNames"], Node::Texts(names));
    }
    Ok(())
}

/// Parts of the body that are lists: a path that has no index can't be put back into them.
const LISTS: [&str; 3] = ["contents", "systemInstruction", "tools"];

fn extensions<'a>(
    request: &'a Request<'_>,
    kept: &Kept<'_>,
    settings: &mut Node<'a>,
    losses: &mut Losses<'_>,
) -> Result<(), Refusal> {
    for extension in &request.extensions {
        let path: Vec<&str> = extension.path.split('.').collect();
        let lost = path.contains(&"?")
            || path.first().is_some_and(|first| path.len() > 1 && LISTS.contains(first));
        match (extension.schema, extension.unsupported) {
            (Schema::Gemini, _) if !lost => {
                settings.put(&path, Node::Raw(Cow::Borrowed(extension.value)));
            }
            (_, Unsupported::Ignore) => {}
            (Schema::Gemini, _) if kept.holds(extension.value) => {}
            (_, Unsupported::Drop) => losses.name(extension.path.to_string()),
            (_, Unsupported::Refuse) => {
                return Err(Refusal::of(
                    extension.path.to_string(),
                    format!("`{}` can't be carried to Gemini; leave it out", extension.path),
                ));
            }
        }
    }
    Ok(())
}
