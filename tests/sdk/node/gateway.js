// What is around the SDKs: the gateway and the simulated providers. See ../stack.py.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { deflateSync, crc32 } from "node:zlib";

export const STACK = JSON.parse(readFileSync(process.env.EGRET_STACK, "utf8"));
export const PROVIDERS = ["openai", "claude", "gemini"];
// Backends: OpenAI's two APIs are one each, with models of their own.
export const BACKENDS = ["openai", "responses", "claude", "gemini"];
// The last generation, which takes sampling parameters; and models that think as the newest do.
export const OLDER = {
  openai: "gpt-4o-mini",
  claude: "claude-haiku-4-5",
  gemini: "gemini-2.5-flash",
  responses: "gpt-4.1-mini",
};
export const NEWER = {
  openai: "gpt-5.4",
  claude: "claude-sonnet-5",
  gemini: "gemini-3.1-pro-preview",
  responses: "gpt-5.6",
};
export const FAMILY = {
  openai: "gpt",
  responses: "gpt-4.1",
  claude: "claude",
  gemini: "gemini",
};
// Who steps in on the route of `reliable-…`.
export const NEXT = {
  openai: "claude",
  claude: "gemini",
  gemini: "responses",
  responses: "claude",
};

async function call(method, url, body) {
  const response = await fetch(url, { method, body });
  const text = await response.text();
  assert.ok(response.ok, `${method} ${url}: ${response.status} ${text}`);
  return text;
}

/** A simulated provider, as seen from its control plane. */
class Simulator {
  constructor(name) {
    this.name = name;
    this.url = STACK.simulators[name];
    this.credential = STACK.credentials[name];
  }

  /** Forgets bill, journal and script. */
  async reset() {
    await call("DELETE", `${this.url}/bill`);
    await call("DELETE", `${this.url}/journal`);
    await call("POST", `${this.url}/script`, "clear");
  }

  script(rule) {
    return call("POST", `${this.url}/script`, rule);
  }

  async journal() {
    return JSON.parse(await call("GET", `${this.url}/journal`));
  }

  /** Answers that the gateway left before their end. */
  async aborted() {
    return JSON.parse(await call("GET", `${this.url}/counts`)).aborted;
  }

  /** What each model was used for since the last reset. */
  async billed() {
    const lines = Object.entries(JSON.parse(await call("GET", `${this.url}/bill`)));
    return Object.fromEntries(
      lines.map(([model, { requests, ...tokens }]) => [model, tokens]),
    );
  }

  /** Whatever arrived here bore this provider's credential, once, and no other secret. */
  async expectOwnCredentialOnly() {
    const others = Object.values(STACK.credentials).filter((one) => one !== this.credential);
    const form = {
      openai: ["authorization", `Bearer ${this.credential}`],
      claude: ["x-api-key", this.credential],
      gemini: ["x-goog-api-key", this.credential],
    }[this.name];
    for (const arrival of await this.journal()) {
      const everything = JSON.stringify(arrival);
      for (const secret of [...Object.values(STACK.keys), ...others]) {
        assert.ok(!everything.includes(secret), `${this.name} was shown a secret not its own`);
      }
      const bearing = arrival.headers.filter(([, value]) => value.includes(this.credential));
      assert.deepEqual(bearing, [form]);
      assert.ok(!(arrival.target + arrival.body).includes(this.credential));
    }
  }
}

export const SIMULATORS = Object.fromEntries(PROVIDERS.map((name) => [name, new Simulator(name)]));
// Both of OpenAI's APIs are at one provider.
SIMULATORS.responses = SIMULATORS.openai;

/** Waits until the condition holds. */
export async function eventually(condition, patienceMs = 30_000) {
  const until = Date.now() + patienceMs;
  while (!(await condition())) {
    assert.ok(Date.now() < until, "it never came true");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/**
 * The sum of the gateway's samples of that name that bear these labels.
 *
 * A request is counted after its answer has been sent: first nothing may be in flight any more.
 */
export async function metric(name, labels = {}) {
  await eventually(async () => (await sum("egret_requests_in_flight")) === 0);
  return sum(name, labels);
}

async function sum(name, labels = {}) {
  const lines = (await call("GET", `${STACK.admin}/metrics`)).split("\n");
  const wanted = Object.entries(labels).map(([key, word]) => `${key}="${word}"`);
  let total = 0;
  for (const line of lines) {
    const [series, value] = [line.slice(0, line.lastIndexOf(" ")), line.split(" ").at(-1)];
    const [family, rest = ""] = series.split("{");
    if (family === name && wanted.every((label) => rest.includes(label))) total += Number(value);
  }
  return total;
}

function chunk(kind, data) {
  const body = Buffer.concat([Buffer.from(kind), data]);
  const [size, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  size.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([size, body, sum]);
}

/** A picture of one pixel. */
export function png(red) {
  const head = Buffer.from([0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0]);
  return Buffer.concat([
    Buffer.from("89504e470d0a1a0a", "hex"),
    chunk("IHDR", head),
    chunk("IDAT", deflateSync(Buffer.from([0, red, 0, 0]))),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}
