// Every test runs with each SDK, against each provider, streamed and not, as far as it asks for it.

import { test } from "node:test";
import { SDKS } from "./drivers/index.js";
import { BACKENDS, SIMULATORS, STACK } from "./gateway.js";

/** A driver of an SDK that knows nothing but the gateway's address and a caller's key. */
export function driver(name, { caller = "app", key = STACK.keys[caller], retries = 0 } = {}) {
  return new SDKS[name](STACK.url, key, retries);
}

/** One test with fresh simulators; afterwards no provider was shown a secret not its own. */
export function check(title, body) {
  test(title, async (context) => {
    const simulators = [...new Set(Object.values(SIMULATORS))];
    await Promise.all(simulators.map((simulator) => simulator.reset()));
    await body(context);
    await Promise.all(simulators.map((simulator) => simulator.expectOwnCredentialOnly()));
  });
}

/** `body(sdk, provider, stream)` for each combination. */
export function matrix(
  title,
  body,
  { sdks = Object.keys(SDKS), backends = BACKENDS, streams = [false, true] } = {},
) {
  for (const name of sdks) {
    for (const provider of backends) {
      for (const stream of streams) {
        const way = streams.length > 1 ? (stream ? ", streamed" : ", whole") : "";
        check(`${title} [${name} → ${provider}${way}]`, () =>
          body(driver(name), provider, stream),
        );
      }
    }
  }
}

/** `body(name)` for each SDK. */
export function each(title, body, { sdks = Object.keys(SDKS) } = {}) {
  for (const name of sdks) check(`${title} [${name}]`, () => body(name));
}
