"""What shapes an answer: schemas, stop sequences, limits, sampling, reasoning, refusals."""

import json
from typing import Literal

import pytest
from drivers import Ask, User
from gateway import NEWER, OLDER, SIMULATORS
from pydantic import BaseModel


class Place(BaseModel):
    city: str
    kind: Literal["village", "town"]
    people: int
    twin: bool
    streets: list[str]


PLACE = Place(city="Paris", kind="village", people=1, twin=True, streets=["text"])


def test_an_answer_has_the_schema_that_was_asked_for(sdk, provider, stream):
    for model in (OLDER[provider], NEWER[provider]):
        assert sdk.parse(Ask(model, [User("describe it")]), Place, stream) == PLACE


@pytest.mark.sdks("chat", "responses", "genai")
def test_json_without_a_schema(sdk, provider, stream):
    """Claude's schema has no word for it: it is told in words, and the caller that it was."""
    more = {
        "chat": {"response_format": {"type": "json_object"}},
        "responses": {"text": {"format": {"type": "json_object"}}},
        "genai": {"response_mime_type": "application/json"},
    }[sdk.name]
    ask = Ask(OLDER[provider], [User("say it in JSON")], more=more)
    if provider == "claude":
        emulated = sdk.headers(ask, stream).get("x-egret-emulated")
        named = {
            "chat": "response_format",
            "responses": "text.format",
            "genai": "generationConfig.responseMimeType",
        }
        assert emulated == named[sdk.name]
        [told] = json.loads(SIMULATORS["claude"].journal()[-1]["body"])["system"]
        assert "JSON" in told["text"]
        return
    assert json.loads(sdk.ask(ask, stream).text) == {"answer": "say it in JSON"}


@pytest.mark.sdks("chat", "anthropic", "genai")
def test_stops_where_it_is_told(sdk, provider, stream):
    """Responses has no stop sequences."""
    ask = Ask(OLDER[provider], [User("one two HALT three")], stop=["NEVER", "HALT"])
    if provider == "responses":
        with pytest.raises(sdk.errors[400]) as error:
            sdk.ask(ask, stream)
        assert "stop" in sdk.named_field(error.value)
        return
    answer = sdk.ask(ask, stream)
    assert answer.text == f"{OLDER[provider]} here: one two "
    own = sdk.name == "anthropic" and provider == "claude"
    assert answer.finish == ("stop_sequence" if own else sdk.finish["stop"])


def test_is_no_longer_than_allowed(sdk, provider, stream):
    wish = "a long story, please, " * 5
    ask = Ask(OLDER[provider], [User(wish)], max_tokens=16)
    answer = sdk.ask(ask, stream)
    assert answer.text == f"{OLDER[provider]} here: {wish}"[:64]
    assert answer.finish == sdk.finish["length"]
    assert answer.usage.output == 16


def test_thinks_when_told_to(sdk, provider, stream):
    answer = sdk.ask(Ask(NEWER[provider], [User("why?")], think="level"), stream)
    assert answer.text == f"{NEWER[provider]} here: why?"
    _expect_thoughts(sdk, provider, NEWER[provider], answer)


@pytest.mark.providers("claude", "gemini")
def test_older_models_think_within_a_budget(sdk, provider, stream):
    """OpenAI's older models do not think."""
    answer = sdk.ask(
        Ask(OLDER[provider], [User("why?")], think="budget", max_tokens=4096), stream
    )
    assert answer.text == f"{OLDER[provider]} here: why?"
    _expect_thoughts(sdk, provider, OLDER[provider], answer)


def _expect_thoughts(sdk, provider, model, answer):
    billed = SIMULATORS[provider].billed()[model]
    assert billed.reasoning > 0, "the provider was told to think"
    assert answer.usage.output == billed.output
    assert answer.usage.input == billed.input
    if provider != "claude":  # Claude bills thinking as output, without telling how much.
        assert answer.usage.reasoning == billed.reasoning
    if provider != "openai" and sdk.name != "chat":  # Chat Completions has no place for it.
        assert answer.thoughts == "I think about: why?"


def test_a_refusal_is_seen_as_one(sdk, provider, stream):
    answer = sdk.ask(Ask(OLDER[provider], [User("please refuse")]), stream)
    assert answer.refused
    assert answer.calls == []


@pytest.mark.sdks("chat", "responses", "genai")
def test_sampling_is_the_callers(sdk, provider, stream):
    """The newest version of Claude's API has no sampling parameters."""
    ask = Ask(OLDER[provider], [User("hello")], temperature=0.25, more={"top_p": 0.5})
    assert sdk.ask(ask, stream).text == f"{OLDER[provider]} here: hello"
    body = json.loads(SIMULATORS[provider].journal()[-1]["body"])
    sampling = body["generationConfig"] if provider == "gemini" else body
    assert sampling["temperature"] == 0.25
    assert sampling["topP" if provider == "gemini" else "top_p"] == 0.5
