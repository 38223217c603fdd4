// The OpenAI SDK, by way of Chat Completions.

import assert from "node:assert/strict";
import { zodResponseFormat } from "openai/helpers/zod";
import { OpenaiClient, dataUrl } from "./openai.js";

function messages(turn) {
  if (turn.user !== undefined) {
    if (!turn.images) return [{ role: "user", content: turn.user }];
    const images = turn.images.map((image) => ({
      type: "image_url",
      image_url: { url: dataUrl(image) },
    }));
    return [{ role: "user", content: [{ type: "text", text: turn.user }, ...images] }];
  }
  if (turn.assistant !== undefined) return [{ role: "assistant", content: turn.assistant }];
  if (turn.answer) return [turn.answer.turn];
  return turn.results.map(({ call, text }) => ({
    role: "tool",
    tool_call_id: call.id,
    content: text,
  }));
}

/** The arguments of `chat.completions.create`. */
function body(ask) {
  const system = ask.system ? [{ role: "system", content: ask.system }] : [];
  const words = { auto: "auto", any: "required", none: "none" };
  const named = { type: "function", function: { name: ask.choice } };
  return {
    model: ask.model,
    messages: [...system, ...ask.turns.flatMap(messages)],
    ...ask.more,
    ...(ask.tools && {
      tools: ask.tools.map(({ name, description, schema }) => ({
        type: "function",
        function: { name, description, parameters: schema },
      })),
    }),
    ...(ask.choice && { tool_choice: words[ask.choice] ?? named }),
    ...(ask.stop && { stop: ask.stop }),
    ...(ask.maxTokens && { max_completion_tokens: ask.maxTokens }),
    ...(ask.temperature !== undefined && { temperature: ask.temperature }),
    ...(ask.think && { reasoning_effort: "low" }),
  };
}

function usage(told) {
  return {
    input: told.prompt_tokens,
    cached: told.prompt_tokens_details?.cached_tokens ?? 0,
    output: told.completion_tokens,
    reasoning: told.completion_tokens_details?.reasoning_tokens ?? 0,
  };
}

function read(completion, pieces = []) {
  assert.equal(completion.object, "chat.completion");
  const [{ message, finish_reason }] = completion.choices;
  const { role, content, tool_calls } = message;
  return {
    text: message.content ?? "",
    pieces,
    calls: (message.tool_calls ?? []).map(({ id, function: called }) => ({
      id,
      name: called.name,
      arguments: JSON.parse(called.arguments),
    })),
    finish: finish_reason,
    usage: completion.usage && usage(completion.usage),
    refused: Boolean(message.refusal) || finish_reason === "content_filter",
    thoughts: "",
    model: completion.model,
    // The SDK's streaming helper adds fields of its own, which OpenAI does not take back.
    turn: { role, content, ...(tool_calls && { tool_calls }) },
  };
}

export class ChatDriver extends OpenaiClient {
  name = "chat";
  schema = "chat";
  finish = { end: "stop", stop: "stop", length: "length", calls: "tool_calls" };

  async ask(ask, stream = false) {
    if (!stream) return read(await this.client.chat.completions.create(body(ask)));
    const pieces = [];
    const events = this.client.chat.completions.stream({
      ...body(ask),
      stream_options: { include_usage: true },
    });
    events.on("content", (piece) => pieces.push(piece));
    return read(await events.finalChatCompletion(), pieces);
  }

  /** The pieces of text of a stream, one by one; hangs up when it is left. */
  async *pieces(ask) {
    for await (const chunk of await this.client.chat.completions.create({
      ...body(ask),
      stream: true,
    })) {
      const piece = chunk.choices[0]?.delta.content;
      if (piece) yield piece;
    }
  }

  /** An answer in the shape of a zod schema, by the SDK's own helper. */
  async parse(ask, schema) {
    const format = zodResponseFormat(schema, "place");
    const parsed = await this.client.chat.completions.parse({
      ...body(ask),
      response_format: format,
    });
    return parsed.choices[0].message.parsed;
  }

  /** The headers of an answer. */
  async headers(ask) {
    return (await this.client.chat.completions.create(body(ask)).asResponse()).headers;
  }

  /** The texts' vectors. The SDK asks for base64, and unpacks it. */
  async embed(model, texts, dimensions) {
    const answer = await this.client.embeddings.create({ model, input: texts, dimensions });
    assert.equal(answer.model, model);
    return answer.data.map(({ embedding }) => Array.from(embedding));
  }
}
