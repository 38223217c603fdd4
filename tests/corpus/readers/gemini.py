"""generateContent."""

from typing import Any

from google import genai
from google.genai import errors, types

from .answer import TIMEOUT_S, Answer


class Gemini:
    """The Google GenAI SDK."""

    schema = "gemini"
    error = errors.APIError
    finish = {
        "STOP": "end",
        "MAX_TOKENS": "length",
        "SAFETY": "filter",
        "PROHIBITED_CONTENT": "filter",
        "BLOCKLIST": "filter",
        "SPII": "filter",
        "RECITATION": "filter",
        # A pause that can be gone on from, for which only Claude has a word of its own.
        "CONTINUATION": "end",
    }

    def __init__(self, url: str) -> None:
        options = types.HttpOptions(base_url=url, timeout=TIMEOUT_S * 1000)
        self.client = genai.Client(api_key="none", http_options=options)

    def close(self) -> None:
        self.client.close()

    def status(self, error: errors.APIError) -> int:
        return error.code

    def ask(self, model: str, stream: bool) -> list[Any]:
        """The SDK's objects: one whole response, or the chunks of a stream."""
        if not stream:
            return [self.client.models.generate_content(model=model, contents="Hi")]
        return list(self.client.models.generate_content_stream(model=model, contents="Hi"))

    def embed(self, model: str, texts: list[str]) -> list[list[float]]:
        answer = self.client.models.embed_content(model=model, contents=texts)
        return [one.values for one in answer.embeddings]

    def count(self, model: str) -> int:
        return self.client.models.count_tokens(model=model, contents="Hi").total_tokens

    def candidates(self, objects: list[Any]) -> int:
        indices = [one.index or 0 for response in objects for one in response.candidates or []]
        return 1 + max(indices, default=0)

    def answer(self, objects: list[Any], candidate: int = 0) -> Answer:
        text, calls, finish, tokens = "", [], None, (0, 0)
        for response in objects:
            if response.prompt_feedback and response.prompt_feedback.block_reason:
                finish = "filter"
            if told := response.usage_metadata:
                tokens = (
                    (told.prompt_token_count or 0) + (told.tool_use_prompt_token_count or 0),
                    (told.candidates_token_count or 0) + (told.thoughts_token_count or 0),
                )
            candidates = response.candidates or []
            for said in [one for one in candidates if (one.index or 0) == candidate]:
                if said.finish_reason:
                    name = said.finish_reason.value
                    finish = self.finish.get(name, name)
                for part in (said.content and said.content.parts) or []:
                    if part.text and not part.thought:
                        text += part.text
                    if part.function_call:
                        calls.append((part.function_call.name, part.function_call.args or {}))
        # This schema has no word for it (`STOP` with a call).
        finish = "calls" if finish == "end" and calls else finish
        return Answer(text, calls, finish, tokens)
