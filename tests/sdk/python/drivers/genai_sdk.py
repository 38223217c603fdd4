"""The Google GenAI SDK."""

import json
from typing import Any

from google import genai
from google.genai import errors, types

from . import Answer, Ask, Assistant, Call, Failure, Result, Results, Usage, User

FINISH = {"end": "STOP", "length": "MAX_TOKENS", "calls": "STOP", "stop": "STOP"}
ERRORS = {status: errors.ClientError for status in (400, 401, 403, 404, 429)}
ERRORS |= {500: errors.ServerError, 503: errors.ServerError}
STREAM_ERROR = errors.APIError
FILTERED = {"SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII"}


def options(url: str, key: str, retries: int, version: str | None = None) -> dict[str, Any]:
    http = types.HttpOptions(base_url=url, timeout=60_000)
    if retries:
        http.retry_options = types.HttpRetryOptions(attempts=retries + 1, initial_delay=0.1)
    if version:
        http.api_version = version
    return {"api_key": key, "http_options": http}


def arguments(ask: Ask) -> dict[str, Any]:
    """The arguments of `models.generate_content`."""
    config: dict[str, Any] = dict(ask.more)
    if ask.system:
        config["system_instruction"] = ask.system
    if ask.tools:
        declarations = [
            types.FunctionDeclaration(
                name=tool.name,
                description=tool.description,
                parameters_json_schema=tool.schema,
            )
            for tool in ask.tools
        ]
        config["tools"] = [types.Tool(function_declarations=declarations)]
    if ask.choice is not None:
        modes = {"auto": "AUTO", "any": "ANY", "none": "NONE"}
        calling: dict[str, Any] = {"mode": modes.get(ask.choice, "ANY")}
        if ask.choice not in modes:
            calling["allowed_function_names"] = [ask.choice]
        config["tool_config"] = {"function_calling_config": calling}
    if ask.stop:
        config["stop_sequences"] = ask.stop
    if ask.max_tokens is not None:
        config["max_output_tokens"] = ask.max_tokens
    if ask.temperature is not None:
        config["temperature"] = ask.temperature
    if ask.think == "budget":
        config["thinking_config"] = {"include_thoughts": True, "thinking_budget": 1024}
    if ask.think == "level":
        config["thinking_config"] = {"include_thoughts": True, "thinking_level": "LOW"}
    return {
        "model": ask.model,
        "contents": [_content(turn) for turn in ask.turns],
        "config": types.GenerateContentConfig(**config),
    }


def _result(result: Result) -> types.Part:
    response = {"error" if result.error else "result": result.text}
    parts = None
    if result.image is not None:
        blob = types.FunctionResponseBlob(mime_type="image/png", data=result.image)
        parts = [types.FunctionResponsePart(inline_data=blob)]
    return types.Part(
        function_response=types.FunctionResponse(
            id=result.call.id, name=result.call.name, response=response, parts=parts
        )
    )


def _content(turn: Any) -> types.Content:
    match turn:
        case User(text, images):
            parts = [
                types.Part.from_bytes(data=image, mime_type="image/png") for image in images
            ]
            return types.UserContent(parts=[*parts, types.Part.from_text(text=text)])
        case Assistant(text):
            return types.ModelContent(parts=[types.Part.from_text(text=text)])
        case Results(results):
            return types.UserContent(parts=[_result(result) for result in results])
        case Answer():
            return turn.turn
    raise TypeError(turn)


def usage(told: Any) -> Usage | None:
    if told is None:
        return None
    thoughts = told.thoughts_token_count or 0
    output = (told.candidates_token_count or 0) + thoughts
    assert told.total_token_count == told.prompt_token_count + output
    return Usage(
        told.prompt_token_count, told.cached_content_token_count or 0, output, thoughts
    )


def gather(responses: list[Any]) -> Answer:
    """Puts the chunks of a stream, or the one response, together."""
    parts: list[Any] = []
    finish, blocked, told, model = None, False, None, None
    for response in responses:
        model = response.model_version or model
        told = usage(response.usage_metadata) or told
        feedback = response.prompt_feedback
        blocked = blocked or bool(feedback and feedback.block_reason)
        for candidate in response.candidates or []:
            parts += (candidate.content and candidate.content.parts) or []
            finish = candidate.finish_reason.value if candidate.finish_reason else finish
    pieces = [part.text for part in parts if part.text and not part.thought]
    calls = [part.function_call for part in parts if part.function_call]
    return Answer(
        text="".join(pieces),
        calls=[Call(call.id, call.name, call.args) for call in calls],
        finish=finish,
        usage=told,
        refused=blocked or finish in FILTERED,
        thoughts="".join(part.text for part in parts if part.text and part.thought),
        model=model,
        turn=types.Content(role="model", parts=parts),
        pieces=pieces,
    )


class Driver:
    """A client of the gateway. Without a version: the SDK's default."""

    name = "genai"
    schema = "gemini"
    finish = FINISH
    errors = ERRORS
    stream_error = STREAM_ERROR

    def __init__(
        self, url: str, key: str, retries: int = 0, version: str | None = None
    ) -> None:
        self.client = genai.Client(**options(url, key, retries, version))

    def close(self) -> None:
        self.client.close()

    def ask(self, ask: Ask, stream: bool = False) -> Answer:
        if not stream:
            return gather([self.client.models.generate_content(**arguments(ask))])
        return gather(list(self.client.models.generate_content_stream(**arguments(ask))))

    def read_some(self, ask: Ask, pieces: int) -> list[str]:
        """Reads that many pieces of text, then hangs up."""
        some: list[str] = []
        chunks = self.client.models.generate_content_stream(**arguments(ask))
        for chunk in chunks:
            if chunk.text:
                some.append(chunk.text)
            if len(some) == pieces:
                break
        chunks.close()
        return some

    def read_until_error(self, ask: Ask, into: list[str]) -> None:
        """Streams text into the list; returns only if the SDK takes the stream for a success."""
        for chunk in self.client.models.generate_content_stream(**arguments(ask)):
            if chunk.text:
                into.append(chunk.text)

    def parse(self, ask: Ask, model: Any, stream: bool) -> Any:
        """An answer in the shape of a pydantic model, by the SDK's own helper if not streamed."""
        ask.more |= {"response_mime_type": "application/json", "response_schema": model}
        if not stream:
            return self.client.models.generate_content(**arguments(ask)).parsed
        return model.model_validate(json.loads(self.ask(ask, stream=True).text))

    def headers(self, ask: Ask, stream: bool) -> Any:
        """The headers of an answer that is read to its end."""
        if stream:
            chunks = list(self.client.models.generate_content_stream(**arguments(ask)))
            answer, headers = gather(chunks), chunks[0].sdk_http_response.headers
        else:
            response = self.client.models.generate_content(**arguments(ask))
            answer, headers = gather([response]), response.sdk_http_response.headers
        assert answer.text
        return headers

    def count(self, ask: Ask) -> int:
        """The tokens of a question; this API's SDK can ask for contents alone."""
        asked = arguments(ask)
        del asked["config"]
        return self.client.models.count_tokens(**asked).total_tokens

    def embed(self, model: str, texts: list[str], size: int | None = None) -> list[list[float]]:
        """The texts' vectors."""
        config = types.EmbedContentConfig(output_dimensionality=size)
        answer = self.client.models.embed_content(model=model, contents=texts, config=config)
        return [one.values for one in answer.embeddings]

    def models(self) -> list[str]:
        models = list(self.client.models.list())
        for model in models:
            assert model.display_name
            assert "generateContent" in model.supported_actions
        return [model.name.removeprefix("models/") for model in models]

    def failure(self, error: Exception) -> Failure:
        assert isinstance(error, errors.APIError), repr(error)
        assert error.status, f"the error is in the SDK's schema, not {error.details!r}"
        headers = error.response.headers if error.response is not None else {}
        return Failure(type(error), error.code, error.message, headers)

    def named_field(self, error: Exception) -> str | None:
        """The field that a 400 complains about."""
        self.failure(error)
        for detail in error.details["error"].get("details", []):
            for violation in detail.get("fieldViolations", []):
                return violation["field"]
        return None


async def ask_async(url: str, key: str, ask: Ask, stream: bool) -> Answer:
    async with genai.Client(**options(url, key, 0)).aio as client:
        if not stream:
            return gather([await client.models.generate_content(**arguments(ask))])
        chunks = await client.models.generate_content_stream(**arguments(ask))
        return gather([chunk async for chunk in chunks])
