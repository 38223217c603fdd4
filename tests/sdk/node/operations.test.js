// Embeddings, which two of the schemas have, and counting tokens, which three do.

import assert from "node:assert/strict";
import { OLDER, SIMULATORS } from "./gateway.js";
import { driver, each, matrix } from "./matrix.js";

const EMBED = { openai: ["text-embedding-3-small", 1536], gemini: ["gemini-embedding-001", 3072] };
const TEXTS = ["Grüße aus Zürich 🦩", "a heron", "an egret"];

matrix(
  "each text has its vector",
  async (sdk, backend) => {
    const [model, size] = EMBED[backend];
    const vectors = await sdk.embed(model, TEXTS, 64);
    assert.deepEqual(vectors.map((vector) => vector.length), [64, 64, 64]);
    assert.ok(vectors.every((vector) => Math.abs(Math.hypot(...vector) - 1) < 1e-5));
    assert.deepEqual(await sdk.embed(model, TEXTS.toReversed(), 64), vectors.toReversed());
    const [whole] = await sdk.embed(model, ["a heron"]);
    assert.equal(whole.length, size);
    assert.deepEqual(Object.keys(await SIMULATORS[backend].billed()), [model]);
  },
  { sdks: ["chat", "genai"], backends: Object.keys(EMBED), streams: [false] },
);

matrix(
  "both SDKs get the same vectors",
  async (sdk, backend) => {
    const [model] = EMBED[backend];
    const [mine, others] = await Promise.all([
      sdk.embed(model, TEXTS, 16),
      driver("genai").embed(model, TEXTS, 16),
    ]);
    for (const [at, value] of mine.flat().entries()) {
      assert.ok(Math.abs(value - others.flat()[at]) < 1e-6);
    }
  },
  { sdks: ["chat"], backends: Object.keys(EMBED), streams: [false] },
);

each(
  "Claude has no embeddings",
  async (name) => {
    const sdk = driver(name);
    await assert.rejects(sdk.embed("claude-sonnet-5", TEXTS), (error) => {
      assert.ok(error instanceof sdk.errors[404]);
      assert.match(sdk.failure(error).message, /has no embeddings/);
      return true;
    });
    assert.deepEqual(await SIMULATORS.claude.journal(), []);
  },
  { sdks: ["chat", "genai"] },
);

const turns = [{ user: "a heron ".repeat(100) }, { assistant: "an egret" }, { user: "which?" }];

matrix(
  "the count is what the question costs",
  async (sdk, backend) => {
    const ask = { model: OLDER[backend], turns };
    const counted = await sdk.count(ask);
    assert.deepEqual(await SIMULATORS[backend].billed(), {});
    assert.equal(counted, (await sdk.ask(ask)).usage.input);
  },
  {
    sdks: ["responses", "anthropic", "genai"],
    backends: ["responses", "claude", "gemini"],
    streams: [false],
  },
);

each(
  "Chat Completions does not count",
  async (name) => {
    const sdk = driver(name);
    await assert.rejects(sdk.count({ model: "gpt-4o-mini", turns }), (error) => {
      assert.ok(error instanceof sdk.errors[404]);
      assert.match(sdk.failure(error).message, /does not count tokens/);
      return true;
    });
  },
  { sdks: ["responses", "anthropic", "genai"] },
);
