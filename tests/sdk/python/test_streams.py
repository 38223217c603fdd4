"""Streams that do not end well, and clients that do not stay."""

import pytest
from drivers import Ask, User
from gateway import OLDER, SCHEMA, SIMULATORS, eventually, metric

WORDS = [f"w{at} " for at in range(40)]
# Slow enough that a broken connection does not take with it what was on the way.
SLOW = "[[chunks 40 every 30ms]]"


def test_a_stream_that_breaks_off_is_no_success(sdk, provider):
    ask = Ask(f"faulty-{provider}", [User(f"{SLOW} [[cut after 12]]")])
    pieces: list[str] = []
    with pytest.raises(sdk.stream_error) as error:
        sdk.read_until_error(ask, pieces)
    assert sdk.failure(error.value).message
    said = "".join(pieces)
    assert said, "what came before the break is delivered"
    assert "".join(WORDS).startswith(said)


def test_an_error_in_a_stream_is_raised(sdk, provider):
    ask = Ask(f"faulty-{provider}", [User(f"{SLOW} [[error after 12 503]]")])
    pieces: list[str] = []
    with pytest.raises(sdk.stream_error) as error:
        sdk.read_until_error(ask, pieces)
    assert "Simulated error 503 in the stream" in sdk.failure(error.value).message
    said = "".join(pieces)
    assert said
    assert "".join(WORDS).startswith(said)


def test_an_answer_that_breaks_off_is_no_success(sdk, provider):
    ask = Ask(f"faulty-{provider}", [User("[[bytes 5000]] [[cut after 1]]")])
    with pytest.raises((sdk.errors[500], sdk.errors[503])) as error:
        sdk.ask(ask)
    assert sdk.failure(error.value).message


def test_a_stream_comes_word_by_word(sdk, provider):
    answer = sdk.ask(Ask(OLDER[provider], [User("[[chunks 40]]")]), stream=True)
    assert answer.pieces == WORDS


def test_a_client_that_hangs_up_ends_the_providers_stream(sdk, provider):
    """The provider is told, and the gateway serves on."""
    before = SIMULATORS[provider].aborted()
    endless = Ask(OLDER[provider], [User("[[chunks 3000 every 20ms]]")])
    assert sdk.read_some(endless, 3) == WORDS[:3]
    eventually(lambda: SIMULATORS[provider].aborted() == before + 1)
    assert metric("egret_requests_in_flight") == 0
    answer = sdk.ask(Ask(OLDER[provider], [User("still there?")]), stream=True)
    assert answer.text == f"{OLDER[provider]} here: still there?"


@pytest.mark.parametrize("usage", ["absent", "zero", "duplicated", "decreasing"])
def test_strange_usage_spoils_no_answer(sdk, provider, stream, usage):
    ask = Ask(f"faulty-{provider}", [User(f"[[usage {usage}]]hello")])
    if usage == "absent" and sdk.schema == SCHEMA[provider] == "claude":
        # It gets what Claude sent, and its SDK cannot do without.
        with pytest.raises(AttributeError):
            sdk.ask(ask, stream)
        return
    answer = sdk.ask(ask, stream)
    assert answer.text == f"{OLDER[provider]} here: hello"
    assert answer.finish == sdk.finish["end"]


def test_an_answer_that_is_compressed_unasked(sdk, provider):
    answer = sdk.ask(Ask(f"faulty-{provider}", [User("[[gzip]]hello")]))
    assert answer.text == f"{OLDER[provider]} here: hello"


def test_a_stream_that_is_compressed_unasked(sdk, provider):
    """Nobody can read it word by word: it is refused in words."""
    with pytest.raises(sdk.errors[500]) as error:
        sdk.ask(Ask(f"faulty-{provider}", [User("[[gzip]]hello")]), stream=True)
    assert "encoding" in sdk.failure(error.value).message


def test_a_stream_in_small_pieces(sdk, provider):
    text = "Grüße 🦩 an alle"
    ask = Ask(OLDER[provider], [User(f"[[drip 7 every 0ms]]{text}")])
    assert sdk.ask(ask, stream=True).text == f"{OLDER[provider]} here: {text}"


def test_a_long_answer_arrives_whole(sdk, provider, stream):
    size = 30_000 if stream else 200_000
    ask = Ask(OLDER[provider], [User(f"[[bytes {size}]]")], max_tokens=60_000)
    answer = sdk.ask(ask, stream)
    assert answer.text == ("token " * (size // 6 + 1))[:size]
