// Tools: definitions, choice, calls, parallel calls, results and their errors.

import assert from "node:assert/strict";
import { NEWER, OLDER } from "./gateway.js";
import { matrix } from "./matrix.js";

const weather = {
  name: "get_weather",
  description: "The weather of a place.",
  schema: {
    type: "object",
    properties: {
      city: { type: "string" },
      days: { type: "integer", minimum: 1 },
      near: {
        type: "array",
        items: {
          type: "object",
          properties: { name: { type: "string" }, km: { type: "number" } },
          required: ["name"],
        },
      },
    },
    required: ["city"],
  },
};
const clock = {
  name: "clock",
  description: "The time.",
  schema: { type: "object", properties: {} },
};
const tools = [clock, weather];
const sample = { city: "Paris", days: 1, near: [{ name: "Ada", km: 1 }] };
const ages = [OLDER, NEWER];

matrix("calls a tool with these very arguments", async (sdk, provider, stream) => {
  const given = {
    city: 'Zürich "H" \\ 🦩',
    days: 12345678,
    near: [{ name: "", km: 1.5, deep: { a: [true, null, {}] } }, { name: "\n" }],
  };
  const turns = [{ user: `please call get_weather with ${JSON.stringify(given)}` }];
  for (const { [provider]: model } of ages) {
    const answer = await sdk.ask({ model, turns, tools }, stream);
    const calls = answer.calls.map((call) => [call.name, call.arguments]);
    assert.deepEqual(calls, [["get_weather", given]]);
    assert.equal(answer.finish, sdk.finish.calls);
    assert.equal(answer.text, "");
  }
});

matrix("the choice is the caller's", async (sdk, provider, stream) => {
  const model = OLDER[provider];
  for (const [choice, expected] of [
    ["get_weather", [sample]],
    ["any", [{}]],
    ["none", []],
  ]) {
    const answer = await sdk.ask({ model, turns: [{ user: "hello" }], tools, choice }, stream);
    assert.deepEqual(answer.calls.map((call) => call.arguments), expected);
  }
});

matrix("two calls at once and their results", async (sdk, provider, stream) => {
  for (const { [provider]: model } of ages) {
    const ask = { model, turns: [{ user: "call get_weather twice" }], tools, system: "Be brief." };
    const answer = await sdk.ask(ask, stream);
    assert.deepEqual(answer.calls.map((call) => call.arguments), [sample, sample]);
    const [one, two] = answer.calls;
    assert.ok(one.id === undefined || one.id !== two.id);
    const results = [
      { call: one, text: "12 degrees" },
      { call: two, text: "31 degrees" },
    ];
    const last = await sdk.ask({ ...ask, turns: [...ask.turns, { answer }, { results }] }, stream);
    assert.deepEqual(last.calls, []);
    assert.equal(last.finish, sdk.finish.end);
    assert.ok(last.text.startsWith(`${model} here: the tool said `));
    const [first, second] = ["12 degrees", "31 degrees"].map((text) => last.text.indexOf(text));
    assert.ok(first > 0 && first < second, last.text);
  }
});

matrix(
  "a failed tool is said to have failed",
  async (sdk, provider, stream) => {
    const ask = { model: NEWER[provider], turns: [{ user: "call get_weather" }], tools };
    const answer = await sdk.ask(ask, stream);
    const results = [{ call: answer.calls[0], text: "no such city", error: true }];
    const last = await sdk.ask({ ...ask, turns: [...ask.turns, { answer }, { results }] }, stream);
    const told = { claude: "(error) ", gemini: '"error"', openai: "rror", responses: "rror" }[provider];
    const said = last.text.split("the tool said ")[1];
    assert.ok(said.includes(told) && said.includes("no such city"), last.text);
  },
  { sdks: ["anthropic", "genai"] },
);
