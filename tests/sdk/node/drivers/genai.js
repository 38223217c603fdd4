// The Google GenAI SDK.

import assert from "node:assert/strict";
import { ApiError, GoogleGenAI } from "@google/genai";
import { z } from "zod";

const FILTERED = ["SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII"];

function content(turn) {
  if (turn.user !== undefined) {
    const images = (turn.images ?? []).map((image) => ({
      inlineData: { mimeType: "image/png", data: image.toString("base64") },
    }));
    return { role: "user", parts: [...images, { text: turn.user }] };
  }
  if (turn.assistant !== undefined) return { role: "model", parts: [{ text: turn.assistant }] };
  if (turn.answer) return turn.answer.turn;
  const parts = turn.results.map(({ call, text, error }) => ({
    functionResponse: {
      id: call.id,
      name: call.name,
      response: { [error ? "error" : "result"]: text },
    },
  }));
  return { role: "user", parts };
}

/** The arguments of `models.generateContent`. */
function body(ask) {
  const modes = { auto: "AUTO", any: "ANY", none: "NONE" };
  const mode = modes[ask.choice];
  return {
    model: ask.model,
    contents: ask.turns.map(content),
    config: {
      ...ask.more,
      ...(ask.system && { systemInstruction: ask.system }),
      ...(ask.tools && {
        tools: [
          {
            functionDeclarations: ask.tools.map(({ name, description, schema }) => ({
              name,
              description,
              parametersJsonSchema: schema,
            })),
          },
        ],
      }),
      ...(ask.choice && {
        toolConfig: {
          functionCallingConfig: mode
            ? { mode }
            : { mode: "ANY", allowedFunctionNames: [ask.choice] },
        },
      }),
      ...(ask.stop && { stopSequences: ask.stop }),
      ...(ask.maxTokens && { maxOutputTokens: ask.maxTokens }),
      ...(ask.temperature !== undefined && { temperature: ask.temperature }),
      ...(ask.think && { thinkingConfig: { includeThoughts: true, thinkingLevel: "LOW" } }),
    },
  };
}

/** Puts the chunks of a stream, or the one response, together. */
function gather(responses) {
  const candidates = responses.flatMap((response) => response.candidates ?? []);
  const parts = candidates.flatMap((candidate) => candidate.content?.parts ?? []);
  const told = responses.findLast((response) => response.usageMetadata)?.usageMetadata;
  const finish = candidates.findLast((candidate) => candidate.finishReason)?.finishReason;
  const thoughts = told?.thoughtsTokenCount ?? 0;
  const pieces = parts.filter((part) => part.text && !part.thought).map((part) => part.text);
  return {
    text: pieces.join(""),
    pieces,
    calls: parts
      .filter((part) => part.functionCall)
      .map(({ functionCall: { id, name, args } }) => ({ id, name, arguments: args })),
    finish,
    usage: told && {
      input: told.promptTokenCount,
      cached: told.cachedContentTokenCount ?? 0,
      output: (told.candidatesTokenCount ?? 0) + thoughts,
      reasoning: thoughts,
    },
    refused:
      responses.some((response) => response.promptFeedback?.blockReason) ||
      FILTERED.includes(finish),
    thoughts: parts.filter((part) => part.text && part.thought).map((part) => part.text).join(""),
    model: responses[0].modelVersion,
    turn: { role: "model", parts },
  };
}

export class GenaiDriver {
  name = "genai";
  schema = "gemini";
  finish = { end: "STOP", stop: "STOP", length: "MAX_TOKENS", calls: "STOP" };
  // One class for all; the status tells.
  errors = Object.fromEntries([400, 401, 403, 404, 429, 500, 503].map((at) => [at, ApiError]));
  streamError = ApiError;

  constructor(url, key, maxRetries = 0) {
    const httpOptions = { baseUrl: url, timeout: 60_000 };
    if (maxRetries) httpOptions.retryOptions = { attempts: maxRetries + 1, initialDelay: 0.1 };
    this.client = new GoogleGenAI({ apiKey: key, httpOptions });
  }

  async ask(ask, stream = false) {
    if (!stream) return gather([await this.client.models.generateContent(body(ask))]);
    const responses = [];
    for await (const response of await this.client.models.generateContentStream(body(ask))) {
      responses.push(response);
    }
    return gather(responses);
  }

  /** The pieces of text of a stream, one by one; hangs up when it is left. */
  async *pieces(ask) {
    const leave = new AbortController();
    const question = body(ask);
    question.config.abortSignal = leave.signal;
    try {
      for await (const chunk of await this.client.models.generateContentStream(question)) {
        if (chunk.text) yield chunk.text;
      }
    } finally {
      leave.abort();
    }
  }

  /** An answer in the shape of a zod schema, as the SDK's documentation does it. */
  async parse(ask, schema) {
    const more = {
      responseMimeType: "application/json",
      responseJsonSchema: z.toJSONSchema(schema),
    };
    const answer = await this.ask({ ...ask, more });
    return schema.parse(JSON.parse(answer.text));
  }

  /** The headers of an answer. */
  async headers(ask) {
    const response = await this.client.models.generateContent(body(ask));
    return new Headers(response.sdkHttpResponse.headers);
  }

  /** The tokens of a question; this API's SDK can ask for contents alone. */
  async count(ask) {
    const { model, contents } = body(ask);
    return (await this.client.models.countTokens({ model, contents })).totalTokens;
  }

  /** The texts' vectors. */
  async embed(model, texts, outputDimensionality) {
    const config = { outputDimensionality };
    const answer = await this.client.models.embedContent({ model, contents: texts, config });
    return answer.embeddings.map(({ values }) => values);
  }

  async models() {
    const models = [];
    for await (const model of await this.client.models.list()) {
      assert.ok(model.displayName);
      models.push(model.name.replace(/^models\//, ""));
    }
    return models;
  }

  failure(error) {
    assert.ok(error instanceof ApiError, String(error));
    // The message is the body; in a stream it comes behind a few words of the SDK's own.
    const { error: told } = JSON.parse(error.message.slice(error.message.indexOf("{")));
    assert.ok(told.status, "the error is in the SDK's schema");
    return { status: error.status, message: told.message, headers: null };
  }
}
