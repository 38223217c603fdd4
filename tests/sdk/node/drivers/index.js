// One way to ask a model, whatever the SDK.
//
// A driver uses its SDK as the SDK's own documentation does. A question is
//   { model, turns, system, tools, choice, stop, maxTokens, temperature, think, more }
// where a turn is { user, images } | { assistant } | { answer } | { results }, a tool
// { name, description, schema }, a result { call, text, error }; `more` holds further arguments of
// the SDK's own call. An answer is
//   { text, pieces, calls: [{ id, name, arguments }], finish, usage, refused, thoughts, model, turn }
// What is expected is then written once for all of them.

import { AnthropicDriver } from "./anthropic.js";
import { ChatDriver } from "./chat.js";
import { GenaiDriver } from "./genai.js";
import { ResponsesDriver } from "./responses.js";

export const SDKS = {
  chat: ChatDriver,
  responses: ResponsesDriver,
  anthropic: AnthropicDriver,
  genai: GenaiDriver,
};
