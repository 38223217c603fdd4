// Thoughts go round: what an SDK was given back is accepted by the model that made it.
//
// The simulators refuse a signature that they did not make, one that has lost its thought, and, as
// Gemini's newer models do, a call without any.

import assert from "node:assert/strict";
import { NEWER, SIMULATORS } from "./gateway.js";
import { matrix } from "./matrix.js";

const tools = [
  {
    name: "clock",
    description: "The time.",
    schema: { type: "object", properties: { zone: { type: "string" } } },
  },
];
// How each provider's own signatures look, in what it is sent.
const MARKS = { responses: "encrypted_content", claude: "EgretSimClau", gemini: "EgretSimGemi" };
const backends = Object.keys(MARKS);

const question = (model) => ({ model, turns: [{ user: "call clock" }], tools, think: true });

/** The second turn of an agent: what came is sent back as it is. */
function second(ask, answer, model = ask.model) {
  assert.deepEqual(answer.calls.map((call) => call.name), ["clock"]);
  const results = [{ call: answer.calls[0], text: "noon" }];
  return { ...ask, model, turns: [...ask.turns, { answer }, { results }] };
}

async function last(backend) {
  return (await SIMULATORS[backend].journal()).at(-1).body;
}

matrix(
  "a thought comes back to who thought it",
  async (sdk, backend, stream) => {
    const ask = question(NEWER[backend]);
    const end = await sdk.ask(second(ask, await sdk.ask(ask, stream)), stream);
    assert.ok(end.text.includes("noon"), end.text);
    assert.equal(end.finish, sdk.finish.end);
    const sent = await last(backend);
    assert.ok(sent.includes(MARKS[backend]), "the thought's own signature");
    assert.ok(!sent.includes("EgretTk"), "no envelope goes to a provider");
  },
  { backends },
);

matrix(
  "nobody else is shown a thought",
  async (sdk, backend, stream) => {
    // Every other provider would refuse a signature that is not its own.
    const ask = question(NEWER[backend]);
    const answer = await sdk.ask(ask, stream);
    for (const other of Object.keys(NEWER).filter((name) => name !== backend)) {
      const end = await sdk.ask(second(ask, answer, NEWER[other]), stream);
      assert.ok(end.text.includes("noon"), end.text);
      const sent = await last(other);
      assert.ok(!sent.includes("EgretTk"));
      if (MARKS[backend].startsWith("EgretSim")) assert.ok(!sent.includes(MARKS[backend]));
    }
  },
  { backends },
);
