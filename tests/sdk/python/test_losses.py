"""What a provider's schema cannot say is refused or reported, never lost in silence."""

import pytest
from drivers import Ask, User
from gateway import OLDER, SCHEMA, metric

# Fields that only some schemas have, by SDK: how to ask for it, and its name when reported.
HINTS = {
    "chat": ({"seed": 7}, "seed", {"claude", "responses"}),
    "responses": ({"truncation": "disabled"}, "truncation", {"openai", "claude", "gemini"}),
    "genai": ({"seed": 7}, "generationConfig.seed", {"claude", "responses"}),
    "anthropic": (
        {"service_tier": "standard_only"},
        "service_tier",
        {"openai", "responses", "gemini"},
    ),
}


def test_what_is_dropped_is_reported(sdk, provider, stream):
    more, field, dropped_by = HINTS[sdk.name]
    labels = {"surface": sdk.schema, "target": SCHEMA[provider]}
    before = metric("egret_dropped_fields_total", **labels)
    headers = sdk.headers(Ask(OLDER[provider], [User("hello")], more=more), stream)
    reported = headers.get("x-egret-dropped")
    after = metric("egret_dropped_fields_total", **labels)
    if provider in dropped_by:
        assert reported is not None
        assert field in [name.strip() for name in reported.split(",")]
        assert after == before + len(reported.split(","))
    else:
        assert reported is None
        assert after == before


def test_a_plain_question_loses_nothing(sdk, provider, stream):
    ask = Ask(OLDER[provider], [User("hello")], system="Be brief.", max_tokens=100)
    headers = sdk.headers(ask, stream)
    assert headers.get("x-egret-dropped") is None
    assert headers.get("x-egret-backend") == provider


def test_where_an_answer_came_from_is_said_without_a_secret(sdk, provider, stream):
    headers = sdk.headers(Ask(OLDER[provider], [User("hello")]), stream)
    own = {"openai-organization", "anthropic-organization-id", "set-cookie"}
    assert headers.get("x-egret-request-id")
    if sdk.schema != SCHEMA[provider]:
        assert not own & set(headers)


@pytest.mark.sdks("chat", "responses", "genai")
def test_what_cannot_be_dropped_is_refused(sdk, provider):
    """Claude's schema has no such field."""
    more = {
        "chat": {"logprobs": True},
        "responses": {"top_logprobs": 2, "include": ["message.output_text.logprobs"]},
        "genai": {"response_logprobs": True},
    }[sdk.name]
    ask = Ask(OLDER[provider], [User("hello")], more=more)
    if provider == "claude":
        with pytest.raises(sdk.errors[400]) as error:
            sdk.ask(ask)
        named = {
            "chat": "logprobs",
            "responses": "top_logprobs",
            "genai": "generationConfig.responseLogprobs",
        }
        assert sdk.named_field(error.value) == named[sdk.name]
    else:
        assert sdk.ask(ask).text == f"{OLDER[provider]} here: hello"
