// Text in, text out; images, schemas, limits, reasoning, refusals, models.

import assert from "node:assert/strict";
import { z } from "zod";
import { NEWER, OLDER, SIMULATORS, STACK, png } from "./gateway.js";
import { driver, each, matrix } from "./matrix.js";

const Place = z.object({
  city: z.string(),
  kind: z.enum(["village", "town"]),
  people: z.number(),
  twin: z.boolean(),
  streets: z.array(z.string()),
});

matrix("answers in its own words", async (sdk, provider, stream) => {
  const model = OLDER[provider];
  const text = 'Grüße aus Zürich 🦩, "quoted" \\ and\nbroken';
  const turns = [{ user: "my name is Ada" }, { assistant: "hello Ada" }, { user: text }];
  const answer = await sdk.ask({ model, turns, system: "Be brief." }, stream);
  assert.equal(answer.text, `${model} here: ${text}`);
  assert.equal(answer.finish, sdk.finish.end);
  assert.equal(answer.model, model);
  assert.equal(answer.refused, false);
  if (stream) assert.ok(answer.pieces.length > 1, "a stream comes in pieces");
  assert.deepEqual(await SIMULATORS[provider].billed(), { [model]: answer.usage });
  const [{ body }] = await SIMULATORS[provider].journal();
  for (const said of ["Be brief.", "my name is Ada", "hello Ada"]) assert.ok(body.includes(said));
});

matrix("the newer models think when told to", async (sdk, provider, stream) => {
  const model = NEWER[provider];
  const answer = await sdk.ask({ model, turns: [{ user: "why?" }], think: true }, stream);
  assert.equal(answer.text, `${model} here: why?`);
  const { [model]: billed } = await SIMULATORS[provider].billed();
  assert.ok(billed.reasoning > 0, "the provider was told to think");
  assert.equal(answer.usage.output, billed.output);
  // Claude bills thinking as output without telling how much; Chat Completions cannot show it.
  if (provider !== "claude") assert.equal(answer.usage.reasoning, billed.reasoning);
  if (provider !== "openai" && sdk.name !== "chat") {
    assert.equal(answer.thoughts, "I think about: why?");
  }
});

matrix("sees images", async (sdk, provider, stream) => {
  const images = [png(200), png(1)];
  const turns = [{ user: "what is this?", images }];
  const answer = await sdk.ask({ model: OLDER[provider], turns }, stream);
  const seen = images.map((image) => ` [image/png, ${image.length} bytes]`).join("");
  assert.equal(answer.text, `${OLDER[provider]} here: what is this?${seen}`);
});

matrix(
  "an answer has the schema that was asked for",
  async (sdk, provider) => {
    for (const model of [OLDER[provider], NEWER[provider]]) {
      const place = await sdk.parse({ model, turns: [{ user: "describe it" }] }, Place);
      assert.deepEqual(place, {
        city: "Paris",
        kind: "village",
        people: 1,
        twin: true,
        streets: ["text"],
      });
    }
  },
  { streams: [false] },
);

const stops = async (sdk, provider, stream) => {
  const model = OLDER[provider];
  const turns = [{ user: "one two HALT three" }];
  const answer = await sdk.ask({ model, turns, stop: ["NEVER", "HALT"] }, stream);
  assert.equal(answer.text, `${model} here: one two `);
  const own = sdk.name === "anthropic" && provider === "claude";
  assert.equal(answer.finish, own ? "stop_sequence" : sdk.finish.stop);
};

// Responses has no stop sequences.
matrix("stops where it is told", stops, {
  sdks: ["chat", "anthropic", "genai"],
  backends: ["openai", "claude", "gemini"],
});

matrix("is no longer than allowed", async (sdk, provider, stream) => {
  const model = OLDER[provider];
  const wish = "a long story, please, ".repeat(5);
  const turns = [{ user: wish }];
  const answer = await sdk.ask({ model, turns, maxTokens: 16 }, stream);
  assert.equal(answer.text, `${model} here: ${wish}`.slice(0, 64));
  assert.equal(answer.finish, sdk.finish.length);
  assert.equal(answer.usage.output, 16);
});

matrix("a refusal is seen as one", async (sdk, provider, stream) => {
  const turns = [{ user: "please refuse" }];
  const answer = await sdk.ask({ model: OLDER[provider], turns }, stream);
  assert.ok(answer.refused);
});

each("an alias is answered by the model behind it", async (name) => {
  const answer = await driver(name).ask({ model: "assistant", turns: [{ user: "hello" }] });
  assert.equal(answer.text, "claude-sonnet-5 here: hello");
});

each("lists models", async (name) => {
  const models = await driver(name).models();
  assert.ok(models.includes("assistant"));
  const narrow = await driver(name, { caller: "narrow" }).models();
  assert.ok(!narrow.includes("assistant"));
});

each("no log repeats a prompt", async (name) => {
  // The log is read when everything has ended: see stack.py.
  const turns = [{ user: STACK.private_words }];
  const answer = await driver(name).ask({ model: "gpt-4o-mini", turns }, true);
  assert.equal(answer.text, `gpt-4o-mini here: ${STACK.private_words}`);
});
