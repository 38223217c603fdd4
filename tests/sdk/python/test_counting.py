"""Counting tokens before a question is asked."""

import pytest
from drivers import Ask, Assistant, User
from gateway import NEWER, OLDER, SIMULATORS, metric
from test_tools import TOOLS

TURNS = [User("a heron " * 100), Assistant("an egret " * 50), User("which is it?")]


@pytest.mark.sdks("responses", "anthropic", "genai")
@pytest.mark.providers("responses", "claude", "gemini")
@pytest.mark.parametrize("models", [OLDER, NEWER], ids=["older", "newer"])
def test_the_count_is_what_the_question_costs(sdk, provider, models):
    ask = Ask(models[provider], TURNS)
    counted = sdk.count(ask)
    assert SIMULATORS[provider].billed() == {}
    assert counted == sdk.ask(ask).usage.input


@pytest.mark.sdks("responses", "anthropic")
@pytest.mark.providers("responses", "claude", "gemini")
def test_all_of_a_question_counts(sdk, provider):
    """Google's SDK asks for contents alone."""
    whole = Ask(OLDER[provider], TURNS, system="Be brief. " * 20, tools=TOOLS)
    assert sdk.count(whole) > sdk.count(Ask(OLDER[provider], TURNS))
    assert sdk.count(whole) == sdk.ask(whole).usage.input


@pytest.mark.sdks("responses", "anthropic", "genai")
@pytest.mark.providers("responses", "claude", "gemini")
def test_counting_costs_nothing(sdk, provider):
    before = metric("egret_budget_spent", budget="daily", of="app")
    assert sdk.count(Ask(OLDER[provider], TURNS)) > 0
    assert metric("egret_budget_spent", budget="daily", of="app") == before


@pytest.mark.sdks("responses", "anthropic", "genai")
def test_a_model_that_no_route_serves(sdk):
    with pytest.raises(sdk.errors[404]) as error:
        sdk.count(Ask("does-not-exist", TURNS))
    assert "does-not-exist" in sdk.failure(error.value).message


@pytest.mark.sdks("responses", "anthropic", "genai")
def test_chat_completions_does_not_count(sdk):
    with pytest.raises(sdk.errors[404]) as error:
        sdk.count(Ask("gpt-4o-mini", TURNS))
    assert "does not count tokens" in sdk.failure(error.value).message
    assert SIMULATORS["openai"].journal() == []
