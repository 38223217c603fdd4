"""Tools: definitions, choice, calls, parallel calls, results and their errors."""

import json

import pytest
from drivers import Ask, Result, Results, Tool, User
from gateway import NEWER, OLDER, SIMULATORS, png

WEATHER = Tool(
    "get_weather",
    "The weather of a place.",
    {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "Its name."},
            "days": {"type": "integer", "minimum": 1},
            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
            "near": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"name": {"type": "string"}, "km": {"type": "number"}},
                    "required": ["name"],
                },
            },
        },
        "required": ["city"],
    },
)
CLOCK = Tool("clock", "The time.", {"type": "object", "properties": {}})
TOOLS = [CLOCK, WEATHER]
SAMPLE = {"city": "Paris", "days": 1, "unit": "celsius", "near": [{"name": "Ada", "km": 1}]}


@pytest.fixture(params=[OLDER, NEWER], ids=["older", "newer"])
def model(request, provider):
    return request.param[provider]


def test_calls_a_tool_with_these_very_arguments(sdk, model, stream):
    arguments = {
        "city": "Zürich \"H\" \\ 🦩",
        "days": 12345678,
        "unit": None,
        "near": [{"name": "", "km": 1.5, "deep": {"a": [True, False, {}]}}, {"name": "\n"}],
    }
    text = f"please call get_weather with {json.dumps(arguments)}"
    answer = sdk.ask(Ask(model, [User(text)], tools=TOOLS), stream)
    [call] = answer.calls
    assert (call.name, call.arguments) == ("get_weather", arguments)
    assert answer.finish == sdk.finish["calls"]
    assert answer.text == ""


def test_definitions_arrive_whole(sdk, model, stream):
    # The simulated model makes its arguments from the schema that it was shown.
    answer = sdk.ask(Ask(model, [User("call get_weather")], tools=TOOLS), stream)
    assert [call.arguments for call in answer.calls] == [SAMPLE]


def test_a_call_without_arguments(sdk, model, stream):
    answer = sdk.ask(Ask(model, [User("call clock")], tools=TOOLS), stream)
    assert [(call.name, call.arguments) for call in answer.calls] == [("clock", {})]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [("get_weather", "get_weather"), ("clock", "clock"), ("any", "clock"), ("none", None)],
)
def test_the_choice_is_the_callers(sdk, model, stream, choice, expected):
    text = "call get_weather" if choice == "none" else "hello"
    answer = sdk.ask(Ask(model, [User(text)], tools=TOOLS, choice=choice), stream)
    assert [call.name for call in answer.calls] == ([expected] if expected else [])
    if expected is None:
        assert answer.text == f"{model} here: call get_weather"


def test_two_calls_at_once_and_their_results(sdk, model, stream):
    ask = Ask(model, [User("call get_weather twice")], tools=TOOLS, system="Use your tools.")
    first = sdk.ask(ask, stream)
    assert [call.arguments for call in first.calls] == [SAMPLE, SAMPLE]
    ids = [call.id for call in first.calls]
    assert len(set(ids)) == 2 or ids == [None, None]
    one, two = (
        Result(call, text) for call, text in zip(first.calls, ["12 degrees", "31 degrees"])
    )
    second = sdk.ask(
        Ask(model, [*ask.turns, first, Results((one, two))], tools=TOOLS, system=ask.system),
        stream,
    )
    assert second.calls == []
    assert second.finish == sdk.finish["end"]
    assert second.text.startswith(f"{model} here: the tool said ")
    assert 0 < second.text.find("12 degrees") < second.text.find("31 degrees")


def test_a_second_round_of_calls(sdk, model, stream):
    turns = [User("call get_weather")]
    for text in ("sunny", "stormy"):
        answer = sdk.ask(Ask(model, turns, tools=TOOLS, choice="get_weather"), stream)
        [call] = answer.calls
        turns = [*turns, answer, Results((Result(call, text),))]
    last = sdk.ask(Ask(model, turns, tools=TOOLS), stream)
    assert last.text.startswith(f"{model} here: the tool said ")
    assert "stormy" in last.text
    assert "sunny" not in last.text, "results of an earlier round stay in it"


@pytest.mark.sdks("chat", "responses", "anthropic")
def test_one_call_at_most(sdk, provider, model, stream):
    """Gemini's schema has no word for it: of its calls, the caller gets the first."""
    ask = Ask(model, [User("call clock twice")], tools=TOOLS, one_call_at_most=True)
    assert [call.name for call in sdk.ask(ask, stream).calls] == ["clock"]


@pytest.mark.sdks("anthropic", "genai")
def test_a_failed_tool_is_said_to_have_failed(sdk, provider, model, stream):
    """OpenAI's schema has no word for it."""
    ask = Ask(model, [User("call get_weather")], tools=TOOLS)
    first = sdk.ask(ask, stream)
    result = Result(first.calls[0], "no such city", error=True)
    second = sdk.ask(Ask(model, [*ask.turns, first, Results((result,))], tools=TOOLS), stream)
    assert "no such city" in second.text
    told = {"claude": "(error) ", "gemini": '"error"', "openai": "rror", "responses": "rror"}[provider]
    assert told in second.text.removeprefix(f"{model} here: the tool said ")


@pytest.mark.sdks("responses", "anthropic", "genai")
def test_a_tool_may_answer_with_a_picture(sdk, provider, stream):
    """Chat Completions has text in results only."""
    model = NEWER[provider]
    ask = Ask(model, [User("call get_weather")], tools=TOOLS)
    first = sdk.ask(ask, stream)
    image = png(7)
    result = Result(first.calls[0], "a map", image=image)
    second = sdk.ask(Ask(model, [*ask.turns, first, Results((result,))], tools=TOOLS), stream)
    assert f"[image/png, {len(image)} bytes]" in second.text
    body = SIMULATORS[provider].journal()[-1]["body"]
    assert "a map" in body


def test_text_may_follow_a_result(sdk, provider, model, stream):
    ask = Ask(model, [User("call get_weather")], tools=TOOLS)
    first = sdk.ask(ask, stream)
    turns = [*ask.turns, first, Results((Result(first.calls[0], "sunny"),)), User("thank you")]
    second = sdk.ask(Ask(model, turns, tools=TOOLS), stream)
    assert second.calls == []
    assert "thank you" in second.text or "sunny" in second.text
    assert "thank you" in SIMULATORS[provider].journal()[-1]["body"]
