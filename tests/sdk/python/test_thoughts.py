"""Thoughts go round: what an SDK was given back is accepted by the model that made it.

The simulators refuse a signature that they did not make, one that has lost its thought, and, as
Gemini's newer models do, a call without any.
"""

from dataclasses import replace

import pytest
from drivers import Ask, Result, Results, User
from gateway import NEWER, SIMULATORS
from test_tools import TOOLS

# How each provider's own signatures look, in what it is sent.
MARKS = {"responses": "encrypted_content", "claude": "EgretSimClau", "gemini": "EgretSimGemi"}
BACKENDS = list(MARKS)


def begin(sdk, provider, stream, model=None):
    """A question, and the answer that thinks and calls a tool."""
    ask = Ask(model or NEWER[provider], [User("call get_weather")], tools=TOOLS, think="level")
    answer = sdk.ask(ask, stream)
    assert [call.name for call in answer.calls] == ["get_weather"]
    return ask, answer


def go_on(sdk, ask, answer, stream, model=None):
    """The second turn of the agent: what came is sent back as it is."""
    results = Results((Result(answer.calls[0], "sunny"),))
    turns = [*ask.turns, answer, results]
    return sdk.ask(Ask(model or ask.model, turns, tools=TOOLS, think="level"), stream)


def last(provider):
    return SIMULATORS[provider].journal()[-1]["body"]


@pytest.mark.providers(*BACKENDS)
def test_a_thought_comes_back_to_who_thought_it(sdk, provider, stream):
    ask, answer = begin(sdk, provider, stream)
    second = go_on(sdk, ask, answer, stream)
    assert "sunny" in second.text
    assert second.finish == sdk.finish["end"]
    assert MARKS[provider] in last(provider), "the thought's own signature"
    assert "EgretTk" not in last(provider), "no envelope goes to a provider"


@pytest.mark.providers(*BACKENDS)
def test_thoughts_of_several_rounds_come_back(sdk, provider, stream):
    turns = []
    for text in ("sunny", "stormy", "snowy"):
        ask = Ask(NEWER[provider], [*turns, User("call get_weather")], tools=TOOLS, think="level")
        called = sdk.ask(ask, stream)
        results = Results((Result(called.calls[0], text),))
        said = sdk.ask(replace(ask, turns=[*ask.turns, called, results]), stream)
        assert text in said.text
        turns = [*ask.turns, called, results, said]
    assert last(provider).count(MARKS[provider]) >= 3


@pytest.mark.providers(*BACKENDS)
def test_nobody_else_is_shown_a_thought(sdk, provider, stream):
    """The second turn goes to every other provider, which would refuse a signature not its own."""
    ask, answer = begin(sdk, provider, stream)
    for other in NEWER:
        if other == provider:
            continue
        second = go_on(sdk, ask, answer, stream, NEWER[other])
        assert "sunny" in second.text
        sent = last(other)
        assert "EgretTk" not in sent
        if MARKS[provider].startswith("EgretSim"):
            assert MARKS[provider] not in sent
