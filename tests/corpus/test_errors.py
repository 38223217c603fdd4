"""Recorded refusals: their status and words, in the caller's own schema."""

import json

import pytest
import wire
from recordings import Recording


def words(recording: Recording) -> str:
    """The provider's own."""
    return json.loads(recording.response)["error"]["message"]


def test_an_error_keeps_its_status_and_words(provider, gateway, failure):
    provider.play(failure)
    received = wire.post(gateway, failure, wire.simplest(failure), failure.alias)
    error = received.json["error"]
    if failure.schema == "openai":
        assert set(error) == {"message", "type", "param", "code"}
        recorded = json.loads(failure.response)["error"]
        assert (error["param"], error["code"]) == (recorded.get("param"), recorded.get("code"))
    elif failure.schema == "claude":
        assert received.json["type"] == "error"
        assert received.json["request_id"]
        assert error["type"]
    else:
        assert error["code"] == received.status
        assert error["status"]
    expect_status_and_words(failure, received.status, error["message"])


@pytest.mark.parametrize("sdk", ["openai", "claude", "gemini"])
def test_every_sdk_raises_it(provider, through, failure, sdk):
    provider.play(failure)
    reader = through[sdk]
    with pytest.raises(reader.error) as raised:
        reader.ask(failure.alias, failure.streamed)
    expect_status_and_words(failure, reader.status(raised.value), str(raised.value))


def expect_status_and_words(recording: Recording, status: int, message: str) -> None:
    if is_of_credential(recording):
        # The provider turned the gateway's credential down, which is not the caller's to mend.
        assert status >= 500
        assert words(recording) not in message
        return
    assert words(recording) in message
    if recording.status >= 500:
        # Claude alone says 529.
        assert status >= 500
    else:
        assert status == recording.status


def is_of_credential(recording: Recording) -> bool:
    # Gemini says it with a 400.
    return recording.status == 401 or b"API_KEY_INVALID" in recording.response
