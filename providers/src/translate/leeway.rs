//! How far an operator lets a request be changed for a provider that can't be asked all of it.

use crate::Schema;
use crate::conversation::{Field, Loss, Reasoning, Refusal, Request, Tool, ToolChoice};
use crate::emulate::Emulation;

/// How far a request may be changed on its way to another schema.
#[derive(Clone, Debug, Default)]
pub struct Leeway {
    /// Nothing may be left out but what [`Self::drop`] names: the request is refused instead.
    pub strict: bool,
    /// What may be left out, and is reported, where the request would be refused for it.
    pub drop: Vec<Droppable>,
    /// What may be said in another way, and is reported, where the request would be refused for it.
    pub emulate: Vec<Emulation>,
}

/// A field that a request may do without.
#[derive(Clone, Copy, Debug)]
pub struct Droppable {
    field: Field,
    take_out: for<'a> fn(&mut Request<'a>),
}

/// Nothing here changes what is asked, only how it is answered and what may be asked back.
const DROPPABLE: [Droppable; 14] = [
    Droppable::of(Field::Temperature, |request| request.sampling.temperature = None),
    Droppable::of(Field::TopP, |request| request.sampling.top_p = None),
    Droppable::of(Field::TopK, |request| request.sampling.top_k = None),
    Droppable::of(Field::Seed, |request| request.sampling.seed = None),
    Droppable::of(Field::PresencePenalty, |request| request.sampling.presence_penalty = None),
    Droppable::of(Field::FrequencyPenalty, |request| request.sampling.frequency_penalty = None),
    Droppable::of(Field::Stop, |request| request.stop.clear()),
    Droppable::of(Field::Candidates, |request| request.candidates = None),
    Droppable::of(Field::Logprobs, |request| request.logprobs = None),
    Droppable::of(Field::Reasoning, |request| request.reasoning = Reasoning::default()),
    Droppable::of(Field::HostedTools, without_hosted_tools),
    Droppable::of(Field::ToolChoice, |request| request.tool_choice = None),
    Droppable::of(Field::ParallelToolCalls, |request| request.parallel_tool_calls = None),
    Droppable::of(Field::User, |request| request.user = None),
];

/// They are all foreign to another schema. Where no tool is left there is nothing to choose.
fn without_hosted_tools(request: &mut Request<'_>) {
    request.tools.retain(|tool| !matches!(tool, Tool::Hosted { .. }));
    if request.tools.is_empty() {
        let idle =
            |choice: &mut ToolChoice<'_>| matches!(choice, ToolChoice::Auto | ToolChoice::None);
        request.tool_choice.take_if(idle);
    }
}

impl Droppable {
    const fn of(field: Field, take_out: for<'a> fn(&mut Request<'a>)) -> Self {
        Self { field, take_out }
    }

    /// The field of this name, which is OpenAI Chat's.
    pub fn named(name: &str) -> Option<Self> {
        DROPPABLE.into_iter().find(|droppable| droppable.name() == name)
    }

    /// Every name.
    pub fn names() -> impl Iterator<Item = &'static str> + Clone {
        DROPPABLE.into_iter().map(Self::name)
    }

    /// The field's name in OpenAI Chat.
    pub const fn name(self) -> &'static str {
        self.field.name(Schema::Chat)
    }

    /// Takes it out of a request. What that loses, in the caller's words.
    pub(super) fn take_out(self, request: &mut Request<'_>) -> Loss {
        (self.take_out)(request);
        Loss::of(self.field.name(request.schema))
    }
}

impl Leeway {
    /// What may be left out so that this refusal falls away, besides what has been.
    pub(super) fn way_out(
        &self,
        refusal: &Refusal,
        schema: Schema,
        dropped: &[Loss],
    ) -> Option<Droppable> {
        let blamed = refusal.field.as_deref()?;
        let fits = |droppable: &&Droppable| droppable.field.name(schema) == blamed;
        let found = self.drop.iter().find(fits)?;
        dropped.iter().all(|loss| loss.field != blamed).then_some(*found)
    }

    /// Whether what was lost of a request in `schema` may be.
    ///
    /// # Errors
    ///
    /// It may not: the refusal names every field.
    pub fn check(&self, schema: Schema, losses: &[Loss]) -> Result<(), Refusal> {
        if !self.strict {
            return Ok(());
        }
        let forbidden = |loss: &&Loss| {
            let same = |droppable: &Droppable| droppable.field.name(schema) == loss.field;
            !self.drop.iter().any(same)
        };
        let lost: Vec<&Loss> = losses.iter().filter(forbidden).collect();
        let Some(first) = lost.first() else { return Ok(()) };
        let names: Vec<String> = lost.iter().map(|loss| format!("`{}`", loss.field)).collect();
        let message = format!(
            "{} can't be carried to this model, and its route is strict; leave {} out",
            names.join(", "),
            if names.len() == 1 { "it" } else { "them" },
        );
        Err(Refusal::of(first.field.clone(), message))
    }
}
