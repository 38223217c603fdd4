// One way to ask a model, whatever the SDK.
//
// A driver uses its SDK as the SDK's own documentation does. A question is
//   { model, turns, system, tools, choice, stop, maxTokens, temperature, think, more }
// where a turn is { user, images } | { assistant } | { answer } | { results }, a tool
// { name, description, schema }, a result { call, text, error }; `more` holds further arguments of
// the SDK's own call. An answer is
//   { text, pieces, calls: [{ id, name, arguments }], finish, usage, refused, thoughts, model, turn }
// What is expected is then written once for all three SDKs.

import { AnthropicDriver } from "./anthropic.js";
import { GenaiDriver } from "./genai.js";
import { OpenaiDriver } from "./openai.js";

export const SDKS = { openai: OpenaiDriver, anthropic: AnthropicDriver, genai: GenaiDriver };
