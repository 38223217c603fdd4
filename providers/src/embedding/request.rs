//! What a caller wants vectors of.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::Reply;
use crate::Schema;

/// A request for embeddings, whatever schema it was written in.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The schema it was written in: losses and refusals name fields in its words.
    pub schema: Schema,
    /// Gemini: it was written as a batch.
    pub batch: bool,
    /// The model as the caller named it, without `models/`.
    pub model: Cow<'a, str>,
    /// What to embed: one vector for each. At least one.
    pub items: Vec<Item<'a>>,
    /// OpenAI: vectors are wanted in base64.
    pub base64: bool,
    /// OpenAI: an opaque id of the end user.
    pub user: Option<Cow<'a, str>>,
    /// The paths of fields that have no place here, each once: lost on any other schema.
    pub unknown: Vec<String>,
}

/// One input, and how it is to be embedded.
#[derive(Clone, Debug)]
pub struct Item<'a> {
    /// What to embed.
    pub input: Input<'a>,
    /// Gemini's `taskType`: what the vector is for.
    pub task: Option<Cow<'a, str>>,
    /// Gemini's `title` of the document that is embedded.
    pub title: Option<Cow<'a, str>>,
    /// How many numbers the vector is to have; the model's own choice where the caller said
    /// nothing.
    pub dimensions: Option<u32>,
}

/// What to embed.
#[derive(Clone, Debug)]
pub enum Input<'a> {
    /// A text.
    Text(Cow<'a, str>),
    /// OpenAI: token ids of the model's own tokenizer, a JSON array of whole numbers.
    Tokens(&'a RawValue),
    /// Gemini: several pieces that become one vector (`wire.md` §2: all that an SDK is given
    /// for gemini-embedding-2).
    Pieces(Vec<Piece<'a>>),
}

/// A piece of an input.
#[derive(Clone, Debug)]
pub enum Piece<'a> {
    /// Text.
    Text(Cow<'a, str>),
    /// A picture, sound or document, as Gemini writes it.
    Media {
        /// The member that makes it what it is, like `inlineData`.
        kind: Cow<'a, str>,
        /// The whole part.
        raw: &'a RawValue,
    },
}

/// A field that some target can't express.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is named after the field of the model it stands for")]
pub enum Field {
    Input,
    Pieces,
    Task,
    Title,
    Dimensions,
    User,
}

impl<'a> Request<'a> {
    /// What the caller calls a field. Where its schema has no such field, the nearest one.
    pub const fn name(&self, field: Field) -> &'static str {
        let [openai, one, batch] = field.names();
        match (self.schema, self.batch) {
            (Schema::Gemini, true) => batch,
            (Schema::Gemini, false) => one,
            _ => openai,
        }
    }

    /// How the caller wants to be answered.
    pub fn reply(&'a self) -> Reply<'a> {
        Reply {
            model: &self.model,
            vectors: self.items.len(),
            base64: self.base64,
            batch: self.batch,
        }
    }
}

impl Field {
    /// OpenAI, `:embedContent`, `:batchEmbedContents`.
    const fn names(self) -> [&'static str; 3] {
        match self {
            Self::Input => ["input", "content", "requests"],
            Self::Pieces => ["input", "content.parts", "requests.content.parts"],
            Self::Task => ["input_type", "taskType", "requests.taskType"],
            Self::Title => ["input", "title", "requests.title"],
            Self::Dimensions => {
                ["dimensions", "outputDimensionality", "requests.outputDimensionality"]
            }
            Self::User => ["user", "content", "requests"],
        }
    }
}
