// Vercel's AI SDK with each of its providers' packages, each with each provider behind Egret: a
// tool is called, run and answered, and the model's last words come out, streamed or not.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogle } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { generateText, isStepCount, Output, streamText, tool } from "ai";
import { z } from "zod";
import { NEWER, OLDER, PROVIDERS, SIMULATORS, STACK } from "../sdk/node/gateway.js";

const apiKey = STACK.keys.app;
const openai = createOpenAI({ apiKey, baseURL: `${STACK.url}/v1` });
const CLIENTS = {
  chat: openai.chat,
  responses: openai.responses,
  messages: createAnthropic({ apiKey, baseURL: `${STACK.url}/v1` }),
  gemini: createGoogle({ apiKey, baseURL: `${STACK.url}/v1beta` }),
};
globalThis.AI_SDK_LOG_WARNINGS = false;

const place = z.object({ name: z.string(), km: z.number() });

/** Asks, and gives the whole answer, whether it came at once or in parts. */
async function ask(stream, options) {
  if (!stream) return generateText({ ...options, maxRetries: 0 });
  const errors = [];
  const onError = ({ error }) => errors.push(error);
  const answer = streamText({ ...options, maxRetries: 0, onError });
  let parts = "";
  for await (const part of answer.textStream) parts += part;
  if (errors.length) throw errors[0];
  assert.equal(parts, await answer.text);
  return {
    text: parts,
    steps: await answer.steps,
    totalUsage: await answer.totalUsage,
    output: options.output && (await answer.output),
  };
}

/** `body(model, provider, stream)` for each combination. */
function matrix(title, body) {
  for (const [name, client] of Object.entries(CLIENTS)) {
    for (const provider of PROVIDERS) {
      for (const models of [OLDER, NEWER]) {
        for (const stream of [false, true]) {
          const model = models[provider];
          const way = `${name} → ${model}${stream ? ", streamed" : ""}`;
          test(`${title} [${way}]`, async () => {
            for (const simulator of Object.values(SIMULATORS)) await simulator.reset();
            await body(client(model), provider, stream);
            for (const one of Object.values(SIMULATORS)) await one.expectOwnCredentialOnly();
          });
        }
      }
    }
  }
}

matrix("a round trip with a tool", async (model, provider, stream) => {
  const word = `word-${randomUUID()}`;
  const called = [];
  const weather = tool({
    description: "The weather of a place.",
    inputSchema: z.object({ city: z.string(), days: z.int().min(1), near: z.array(place) }),
    execute: async (input) => {
      called.push(input);
      return { said: word };
    },
  });
  const input = { city: "Zürich", days: 3, near: [{ name: "A \"b\" \\ 🦩", km: 1.5 }] };
  const answer = await ask(stream, {
    model,
    system: "Be brief.",
    prompt: `call get_weather with ${JSON.stringify(input)}`,
    tools: { get_weather: weather },
    stopWhen: isStepCount(3),
  });
  assert.deepEqual(called, [input]);
  assert.deepEqual(answer.steps.map((step) => step.finishReason), ["tool-calls", "stop"]);
  assert.ok(answer.text.startsWith(`${model.modelId} here: the tool said `), answer.text);
  assert.ok(answer.text.includes(word));

  const [asked, told, ...more] = await SIMULATORS[provider].journal();
  assert.deepEqual(more, []);
  assert.ok(asked.body.includes("Be brief."));
  assert.ok(told.body.includes(word));
  const [bill] = Object.values(await SIMULATORS[provider].billed());
  assert.equal(answer.totalUsage.inputTokens, bill.input);
  assert.equal(answer.totalUsage.outputTokens, bill.output);
});

matrix("structured output", async (model, _provider, stream) => {
  const output = Output.object({ schema: place });
  const answer = await ask(stream, { model, prompt: "Where is it?", output });
  assert.deepEqual(answer.output, { name: "Ada", km: 1 });
});
