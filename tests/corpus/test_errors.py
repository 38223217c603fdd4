"""Recorded refusals: their status and words, in the caller's own schema."""

import json

import pytest
import wire
from recordings import Recording


# The class that the SDKs raise for a status, by what their classes are called.
RAISED = {
    400: "BadRequestError",
    401: "AuthenticationError",
    403: "PermissionDeniedError",
    404: "NotFoundError",
    413: "RequestTooLargeError",
    429: "RateLimitError",
    503: "ServiceUnavailableError",
    529: "OverloadedError",
}


def words(recording: Recording) -> str:
    """The provider's own."""
    body = json.loads(recording.response)
    # Amazon's gateway says `message`, and FastAPI `detail`.
    return body.get("message") or body.get("detail") or body["error"]["message"]


def test_an_error_keeps_its_status_and_words(provider, gateway, failure):
    provider.play(failure)
    received = wire.post(gateway, failure, wire.simplest(failure), failure.alias)
    error = received.json["error"]
    if failure.schema in ("chat", "responses"):
        assert set(error) == {"message", "type", "param", "code"}
        recorded = json.loads(failure.response).get("error") or {}
        assert (error["param"], error["code"]) == (recorded.get("param"), recorded.get("code"))
    elif failure.schema == "claude":
        assert received.json["type"] == "error"
        assert received.json["request_id"]
        assert error["type"]
    else:
        assert error["code"] == received.status
        assert error["status"]
    expect_status_and_words(failure, failure.schema, received.status, error["message"])


def test_every_sdk_raises_it(record_property, provider, through, failed):
    failure, schema = failed
    record_property("read", (failure.schema, schema))
    provider.play(failure)
    reader = through[schema]
    with pytest.raises(reader.error) as raised:
        if failure.operation == "embed":
            reader.embed(failure.alias, ["Hi"])
        else:
            reader.ask(failure.alias, failure.streamed)
    status = reader.status(raised.value)
    expect_status_and_words(failure, schema, status, str(raised.value))
    if schema == "gemini":
        expected = "ClientError" if status < 500 else "ServerError"
    else:
        expected = RAISED.get(status, "InternalServerError")
    assert type(raised.value).__name__ == expected


def expect_status_and_words(
    recording: Recording, schema: str, status: int, message: str
) -> None:
    if is_of_credential(recording):
        # The provider turned the gateway's credential down, which is not the caller's to mend.
        assert status >= 500
        assert words(recording) not in message
        return
    assert words(recording) in message
    if recording.status >= 500:
        # Claude alone says 529.
        assert status >= 500
    elif is_of_model(recording):
        # Responses alone says 400.
        assert status == (400 if schema == "responses" else 404)
    else:
        assert status == recording.status


def is_of_model(recording: Recording) -> bool:
    return recording.status == 404 or b"model_not_found" in recording.response


def is_of_credential(recording: Recording) -> bool:
    # Gemini says it with a 400.
    return recording.status == 401 or b"API_KEY_INVALID" in recording.response
