// The OpenAI SDK: what its two APIs have in common.

import assert from "node:assert/strict";
import OpenAI from "openai";

export function dataUrl(image) {
  return `data:image/png;base64,${image.toString("base64")}`;
}

/** A client of the gateway. */
export class OpenaiClient {
  errors = {
    400: OpenAI.BadRequestError,
    401: OpenAI.AuthenticationError,
    403: OpenAI.PermissionDeniedError,
    404: OpenAI.NotFoundError,
    429: OpenAI.RateLimitError,
    500: OpenAI.InternalServerError,
    503: OpenAI.InternalServerError,
  };
  streamError = OpenAI.APIError;

  constructor(url, key, maxRetries = 0) {
    this.client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries, timeout: 60_000 });
  }

  async models() {
    const models = [];
    for await (const model of this.client.models.list()) {
      assert.equal(model.object, "model");
      models.push(model.id);
    }
    return models;
  }

  failure(error) {
    assert.ok(error instanceof OpenAI.APIError, String(error));
    return { status: error.status, message: error.message, headers: error.headers };
  }
}
