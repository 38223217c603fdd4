// The Anthropic SDK.

import assert from "node:assert/strict";
import Anthropic, {
  APIError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  OverloadedError,
  PermissionDeniedError,
  RateLimitError,
} from "@anthropic-ai/sdk";
import { zodOutputFormat } from "@anthropic-ai/sdk/helpers/zod";

function message(turn) {
  if (turn.user !== undefined) {
    if (!turn.images) return { role: "user", content: turn.user };
    const images = turn.images.map((image) => ({
      type: "image",
      source: { type: "base64", media_type: "image/png", data: image.toString("base64") },
    }));
    return { role: "user", content: [...images, { type: "text", text: turn.user }] };
  }
  if (turn.assistant !== undefined) return { role: "assistant", content: turn.assistant };
  if (turn.answer) return { role: "assistant", content: turn.answer.turn };
  const content = turn.results.map(({ call, text, error }) => ({
    type: "tool_result",
    tool_use_id: call.id,
    content: text,
    ...(error && { is_error: true }),
  }));
  return { role: "user", content };
}

/** The arguments of `messages.create`. */
function body(ask) {
  const known = ["auto", "any", "none"].includes(ask.choice);
  return {
    model: ask.model,
    max_tokens: ask.maxTokens ?? 4096,
    messages: ask.turns.map(message),
    ...ask.more,
    ...(ask.system && { system: ask.system }),
    ...(ask.tools && {
      tools: ask.tools.map(({ name, description, schema }) => ({
        name,
        description,
        input_schema: schema,
      })),
    }),
    ...(ask.choice && {
      tool_choice: known ? { type: ask.choice } : { type: "tool", name: ask.choice },
    }),
    ...(ask.stop && { stop_sequences: ask.stop }),
    ...(ask.temperature !== undefined && { temperature: ask.temperature }),
    ...(ask.think && {
      thinking: { type: "adaptive", display: "summarized" },
      output_config: { effort: "low" },
    }),
  };
}

function read(answer, pieces = []) {
  assert.equal(answer.type, "message");
  const of = (type) => answer.content.filter((block) => block.type === type);
  const told = answer.usage;
  const cached = told.cache_read_input_tokens ?? 0;
  return {
    text: of("text").map((block) => block.text).join(""),
    pieces,
    calls: of("tool_use").map(({ id, name, input }) => ({ id, name, arguments: input })),
    finish: answer.stop_reason,
    usage: {
      input: told.input_tokens + cached + (told.cache_creation_input_tokens ?? 0),
      cached,
      output: told.output_tokens,
      reasoning: told.output_tokens_details?.thinking_tokens ?? 0,
    },
    refused: answer.stop_reason === "refusal",
    thoughts: of("thinking").map((block) => block.thinking).join(""),
    model: answer.model,
    turn: answer.content,
  };
}

export class AnthropicDriver {
  name = "anthropic";
  schema = "claude";
  // Only Claude itself tells which stop sequence was met.
  finish = { end: "end_turn", stop: "end_turn", length: "max_tokens", calls: "tool_use" };
  errors = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    429: RateLimitError,
    500: InternalServerError,
    503: OverloadedError,
  };
  streamError = APIError;

  constructor(url, key, maxRetries = 0) {
    this.client = new Anthropic({ baseURL: url, apiKey: key, maxRetries, timeout: 60_000 });
  }

  async ask(ask, stream = false) {
    if (!stream) return read(await this.client.messages.create(body(ask)));
    const pieces = [];
    const events = this.client.messages.stream(body(ask));
    events.on("text", (piece) => pieces.push(piece));
    return read(await events.finalMessage(), pieces);
  }

  /** The pieces of text of a stream, one by one; hangs up when it is left. */
  async *pieces(ask) {
    for await (const event of await this.client.messages.create({ ...body(ask), stream: true })) {
      if (event.type === "content_block_delta" && event.delta.type === "text_delta") {
        yield event.delta.text;
      }
    }
  }

  /** An answer in the shape of a zod schema, by the SDK's own helper. */
  async parse(ask, schema) {
    const output_config = { format: zodOutputFormat(schema) };
    return (await this.client.messages.parse({ ...body(ask), output_config })).parsed_output;
  }

  /** The headers of an answer. */
  async headers(ask) {
    return (await this.client.messages.create(body(ask)).asResponse()).headers;
  }

  /** The tokens of a question. */
  async count(ask) {
    const { max_tokens, ...asked } = body(ask);
    return (await this.client.messages.countTokens(asked)).input_tokens;
  }

  async models() {
    const models = [];
    for await (const model of this.client.models.list()) {
      assert.equal(model.type, "model");
      models.push(model.id);
    }
    return models;
  }

  failure(error) {
    assert.ok(error instanceof APIError, String(error));
    assert.equal(error.error?.type, "error", "the error is in the SDK's schema");
    return { status: error.status, message: error.error.error.message, headers: error.headers };
  }
}
