// The OpenAI SDK, by way of Responses.

import assert from "node:assert/strict";
import OpenAI from "openai";
import { zodTextFormat } from "openai/helpers/zod";
import { OpenaiClient, dataUrl } from "./openai.js";

function items(turn) {
  if (turn.user !== undefined) {
    if (!turn.images) return [{ role: "user", content: turn.user }];
    const images = turn.images.map((image) => ({
      type: "input_image",
      detail: "auto",
      image_url: dataUrl(image),
    }));
    return [{ role: "user", content: [{ type: "input_text", text: turn.user }, ...images] }];
  }
  if (turn.assistant !== undefined) return [{ role: "assistant", content: turn.assistant }];
  if (turn.answer) return turn.answer.turn;
  return turn.results.map(({ call, text }) => ({
    type: "function_call_output",
    call_id: call.id,
    output: text,
  }));
}

/** The arguments of `responses.create`. */
function body(ask) {
  assert.ok(!ask.stop, "this API has no stop sequences");
  const words = { auto: "auto", any: "required", none: "none" };
  return {
    model: ask.model,
    input: ask.turns.flatMap(items),
    ...ask.more,
    ...(ask.system && { instructions: ask.system }),
    ...(ask.tools && {
      tools: ask.tools.map(({ name, description, schema }) => ({
        type: "function",
        name,
        description,
        parameters: schema,
        strict: false,
      })),
    }),
    ...(ask.choice && {
      tool_choice: words[ask.choice] ?? { type: "function", name: ask.choice },
    }),
    ...(ask.maxTokens && { max_output_tokens: ask.maxTokens }),
    ...(ask.temperature !== undefined && { temperature: ask.temperature }),
    ...(ask.think && {
      reasoning: { effort: "low", summary: "auto" },
      // The caller keeps the thoughts, not the provider.
      store: false,
      include: ["reasoning.encrypted_content"],
    }),
  };
}

// What the SDK's streaming helper adds, OpenAI does not take back.
function plain({ parsed_arguments, ...item }) {
  if (!item.content) return item;
  return { ...item, content: item.content.map(({ parsed, ...part }) => part) };
}

function read(response, pieces = []) {
  assert.equal(response.object, "response");
  assert.equal(response.error, null);
  const of = (type) => response.output.filter((item) => item.type === type);
  const parts = of("message").flatMap((message) => message.content);
  const finish = response.incomplete_details?.reason ?? response.status;
  const told = response.usage;
  return {
    text: response.output_text,
    pieces,
    calls: of("function_call").map((call) => ({
      id: call.call_id,
      name: call.name,
      arguments: JSON.parse(call.arguments),
    })),
    finish,
    usage: told && {
      input: told.input_tokens,
      cached: told.input_tokens_details.cached_tokens,
      output: told.output_tokens,
      reasoning: told.output_tokens_details.reasoning_tokens,
    },
    refused: finish === "content_filter" || parts.some((part) => part.type === "refusal"),
    thoughts: of("reasoning")
      .flatMap((item) => item.summary)
      .map((part) => part.text)
      .join(""),
    model: response.model,
    turn: response.output.map(plain),
  };
}

/** The SDK hands events that tell of a failure on to the application, which throws. */
function failed(event) {
  const told = event.type === "response.failed" ? event.response.error : event;
  return new OpenAI.APIError(undefined, told, told.message, undefined);
}

export class ResponsesDriver extends OpenaiClient {
  name = "responses";
  schema = "responses";
  finish = {
    end: "completed",
    stop: "completed",
    length: "max_output_tokens",
    calls: "completed",
  };

  constructor(...options) {
    super(...options);
    // Here OpenAI calls a model that it does not have a bad request.
    this.errors = { ...this.errors, 404: OpenAI.BadRequestError };
  }

  async ask(ask, stream = false) {
    if (!stream) return read(await this.client.responses.create(body(ask)));
    const pieces = [];
    const events = this.client.responses.stream(body(ask));
    events.on("response.output_text.delta", ({ delta }) => pieces.push(delta));
    return read(await events.finalResponse(), pieces);
  }

  /** The pieces of text of a stream, one by one; hangs up when it is left. */
  async *pieces(ask) {
    for await (const event of await this.client.responses.create({ ...body(ask), stream: true })) {
      if (event.type === "response.output_text.delta") yield event.delta;
      if (["error", "response.failed"].includes(event.type)) throw failed(event);
    }
  }

  /** An answer in the shape of a zod schema, by the SDK's own helper. */
  async parse(ask, schema) {
    const text = { format: zodTextFormat(schema, "place") };
    return (await this.client.responses.parse({ ...body(ask), text })).output_parsed;
  }

  /** The headers of an answer. */
  async headers(ask) {
    return (await this.client.responses.create(body(ask)).asResponse()).headers;
  }

  /** The tokens of a question. */
  async count(ask) {
    return (await this.client.responses.inputTokens.count(body(ask))).input_tokens;
  }
}
