// Errors, streams that do not end well, budgets, failover.

import assert from "node:assert/strict";
import { FAMILY, NEXT, OLDER, SIMULATORS, STACK, eventually, metric } from "./gateway.js";
import { SDKS } from "./drivers/index.js";
import { check, driver, each, matrix } from "./matrix.js";

const WORDS = Array.from({ length: 40 }, (_, at) => `w${at} `);

/** Expects the SDK's own exception for that status. */
async function fail(sdk, status, promise) {
  const error = await promise.then(
    () => assert.fail("it succeeded"),
    (error) => error,
  );
  assert.ok(error instanceof sdk.errors[status], `${error.constructor.name}: ${error}`);
  return sdk.failure(error);
}

const hello = (model, text = "hello") => ({ model, turns: [{ user: text }] });

each("a model that no route serves", async (name) => {
  const sdk = driver(name);
  const failure = await fail(sdk, 404, sdk.ask(hello("does-not-exist")));
  // OpenAI's newer API calls it a bad request.
  assert.equal(failure.status, name === "responses" ? 400 : 404);
  assert.match(failure.message, /does-not-exist/);
});

each("a key that nobody has", async (name) => {
  const sdk = driver(name, { key: "sk-wrong" });
  for (const stream of [false, true]) {
    const failure = await fail(sdk, 401, sdk.ask(hello("gpt-4o-mini"), stream));
    assert.equal(failure.status, 401);
    assert.match(failure.message, /key/i);
  }
  assert.deepEqual(await SIMULATORS.openai.journal(), []);
});

each("a model that the caller may not use", async (name) => {
  const sdk = driver(name, { caller: "narrow" });
  assert.equal((await sdk.ask(hello("gpt-4o-mini"))).text, "gpt-4o-mini here: hello");
  await assert.rejects(sdk.ask(hello("claude-sonnet-5")), (error) => {
    assert.ok([403, 404].includes(sdk.failure(error).status));
    return true;
  });
  assert.deepEqual(await SIMULATORS.claude.journal(), []);
});

matrix("a value that the provider refuses", async (sdk, provider, stream) => {
  const ask = { ...hello(OLDER[provider]), temperature: 5 };
  const failure = await fail(sdk, 400, sdk.ask(ask, stream));
  assert.equal(failure.status, 400);
  assert.match(failure.message, /temperature/);
});

matrix("a provider that fails", async (sdk, provider, stream) => {
  for (const status of [500, 503, 529]) {
    const ask = hello(`faulty-${provider}`, `hello [[status ${status}]]`);
    const failure = await fail(sdk, status === 500 ? 500 : 503, sdk.ask(ask, stream));
    const overloaded = sdk.name === "anthropic" ? 529 : 503;
    assert.equal(failure.status, status === 500 ? 500 : overloaded);
  }
  const after = await sdk.ask(hello(`faulty-${provider}`), stream);
  assert.equal(after.text, `${OLDER[provider]} here: hello`);
});

matrix("a provider that asks for patience", async (sdk, provider, stream) => {
  const ask = hello(`faulty-${provider}`, "hello [[status 429]] [[retry-after 7]]");
  const failure = await fail(sdk, 429, sdk.ask(ask, stream));
  assert.equal(failure.status, 429);
  // Google's SDK does not show the headers of an error.
  if (failure.headers) assert.equal(failure.headers.get("retry-after"), "7");
  assert.equal((await SIMULATORS[provider].journal()).length, 1);
});

for (const [what, fault] of [
  ["a stream that breaks off is no success", "cut after 12"],
  ["an error in a stream is raised", "error after 12 503"],
]) {
  matrix(
    what,
    async (sdk, provider) => {
      // Slow enough that a broken connection does not take with it what was on the way.
      const ask = hello(`faulty-${provider}`, `[[chunks 40 every 30ms]] [[${fault}]]`);
      const pieces = [];
      await assert.rejects(
        async () => {
          for await (const piece of sdk.pieces(ask)) pieces.push(piece);
        },
        (error) => {
          assert.ok(error instanceof sdk.streamError, `${error.constructor.name}: ${error}`);
          assert.ok(sdk.failure(error).message);
          return true;
        },
      );
      const said = pieces.join("");
      assert.ok(said, "what came before is delivered");
      assert.ok(WORDS.join("").startsWith(said));
    },
    { streams: [true] },
  );
}

matrix(
  "a client that hangs up is not paid for",
  async (sdk, provider) => {
    const before = await SIMULATORS[provider].aborted();
    const some = [];
    for await (const piece of sdk.pieces(hello(OLDER[provider], "[[chunks 3000 every 20ms]]"))) {
      if (some.push(piece) === 3) break;
    }
    assert.deepEqual(some, WORDS.slice(0, 3));
    await eventually(async () => (await SIMULATORS[provider].aborted()) === before + 1);
    assert.equal(await metric("egret_requests_in_flight"), 0);
    const after = await sdk.ask(hello(OLDER[provider]), true);
    assert.equal(after.text, `${OLDER[provider]} here: hello`);
  },
  { streams: [true] },
);

matrix("what does not fit into the budget is refused once", async (sdk, provider, stream) => {
  // With the SDK's retries on: it is told not to.
  const eager = driver(sdk.name, { retries: 2 });
  const labels = { caller: "app", surface: sdk.schema, code: "429" };
  const before = await metric("egret_requests_total", labels);
  const failure = await fail(
    eager,
    429,
    eager.ask(hello(`${FAMILY[provider]}-priceless`), stream),
  );
  assert.equal(failure.status, 429);
  assert.match(failure.message, /daily/);
  // It costs more than there ever is: no time would help.
  assert.match(failure.message, /more than all of it/);
  if (failure.headers) {
    assert.equal(failure.headers.get("x-should-retry"), "false");
    assert.equal(failure.headers.get("retry-after"), null);
    assert.equal(await metric("egret_requests_total", labels), before + 1);
  }
  assert.deepEqual(await SIMULATORS[provider].journal(), []);
});

check("a budget holds to the end", async () => {
  // Calls go through until the allowance is used up; then none does, through any SDK.
  const drivers = Object.keys(SDKS).map((name) => driver(name, { caller: "spender" }));
  // A dollar for each token of input.
  const ask = { ...hello("gpt-dear", "four hundred bytes ".repeat(20)), maxTokens: 16 };
  let [answers, refused] = [0, 0];
  for (let at = 0; at < 64; at += 1) {
    const sdk = drivers[at % drivers.length];
    try {
      assert.ok((await sdk.ask(ask)).text.startsWith("gpt-dear here: "));
      assert.equal(refused, 0, "once refused, the same call stays refused");
      answers += 1;
    } catch (error) {
      if (!(error instanceof sdk.errors[429])) throw error;
      assert.equal(error.status, 429);
      refused += 1;
    }
  }
  assert.ok(answers > 0 && refused >= drivers.length);
  const [billed] = Object.values(await SIMULATORS.openai.billed());
  const spent = await metric("egret_budget_spent", { budget: "daily", of: "spender" });
  assert.equal(spent, billed.input, "the ledger equals the provider's own bill");
  assert.ok(spent <= STACK.limit_usd);
});

matrix("the next provider answers when the first fails", async (sdk, provider, stream) => {
  const second = NEXT[provider];
  const answer = await sdk.ask(hello(`reliable-${provider}`), stream);
  assert.equal(answer.text, `${OLDER[second]} here: hello`);
  assert.deepEqual(await SIMULATORS[second].billed(), { [OLDER[second]]: answer.usage });
  assert.deepEqual(await SIMULATORS[provider].billed(), {});
});

matrix(
  "what is dropped is reported",
  async (sdk, provider) => {
    const [more, field, droppedBy] = {
      chat: [{ seed: 7 }, "seed", ["claude", "responses"]],
      responses: [{ truncation: "disabled" }, "truncation", ["openai", "claude", "gemini"]],
      genai: [{ seed: 7 }, "generationConfig.seed", ["claude", "responses"]],
      anthropic: [
        { service_tier: "standard_only" },
        "service_tier",
        ["openai", "responses", "gemini"],
      ],
    }[sdk.name];
    const headers = await sdk.headers({ ...hello(OLDER[provider]), more });
    const reported = headers.get("x-egret-dropped");
    assert.equal(headers.get("x-egret-backend"), provider);
    const fields = reported?.split(",").map((name) => name.trim()) ?? [];
    assert.deepEqual(fields, droppedBy.includes(provider) ? [field] : []);
  },
  { streams: [false] },
);
