"""LangChain's chat models, each with each provider: a tool's call, its result, the last words."""

import secrets

import pytest
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from langchain_google_genai import ChatGoogleGenerativeAI
from langchain_openai import ChatOpenAI
from pydantic import BaseModel
from simulator import NEWER, OLDER, STACK

URL, KEY = STACK["url"], STACK["keys"]["app"]


class Place(BaseModel):
    """Where something is."""

    name: str
    km: float


@tool
def get_weather(city: str, near: list[Place], days: int = 1) -> str:
    """The weather of a place.

    Args:
        city: Its name.
        near: Places nearby.
        days: How many days ahead.
    """
    return f"{city}, {near[0].name}, {days}"


def chat(model):
    """It asks for usage in streams by itself only of OpenAI's own host."""
    return ChatOpenAI(model=model, base_url=f"{URL}/v1", api_key=KEY, max_retries=0, stream_usage=True)


def responses(model):
    return ChatOpenAI(model=model, base_url=f"{URL}/v1", api_key=KEY, max_retries=0, use_responses_api=True)


def messages(model):
    return ChatAnthropic(model=model, base_url=URL, api_key=KEY, max_retries=0)


def gemini(model):
    """Its own temperature would be 0.7, and the newest models of Claude take none."""
    return ChatGoogleGenerativeAI(model=model, base_url=URL, api_key=KEY, max_retries=0, temperature=None)


@pytest.fixture(params=[chat, responses, messages, gemini], ids=lambda client: client.__name__)
def client(request):
    """A chat model of LangChain's, for a model of whatever provider."""
    return request.param


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def ask(request):
    """Asks, and gives the whole answer; streamed, it is the sum of its parts."""
    if not request.param:
        return lambda model, turns: model.invoke(turns)

    def streamed(model, turns):
        first, *rest = model.stream(turns)
        assert rest
        return sum(rest, first)

    return streamed


@pytest.mark.parametrize("models", [OLDER, NEWER], ids=["older", "newer"])
def test_a_round_trip_with_a_tool(client, provider, models, ask, simulators):
    name = models[provider]
    word = f"word-{secrets.token_hex(8)}"
    arguments = f'{{"city": "Zürich", "near": [{{"name": "{word}", "km": 1.5}}], "days": 3}}'
    model = client(name).bind_tools([get_weather])
    turns = [SystemMessage("Be brief."), HumanMessage(f"call get_weather with {arguments}")]
    first = ask(model, turns)
    [call] = first.tool_calls
    assert call["name"] == "get_weather"
    assert call["args"] == {"city": "Zürich", "near": [{"name": word, "km": 1.5}], "days": 3}
    assert isinstance(first, AIMessage)

    result = get_weather.invoke(call)
    assert isinstance(result, ToolMessage)
    last = ask(model, [*turns, first, result])
    assert last.tool_calls == []
    assert last.text.startswith(f"{name} here: the tool said ")
    assert f"Zürich, {word}, 3" in last.text

    [asked, told] = simulators[provider].journal()
    assert "Be brief." in asked["body"]
    assert told["body"].count(word) == asked["body"].count(word) + 2  # the call and its result
    [bill] = simulators[provider].bill().values()
    usage = [first.usage_metadata, last.usage_metadata]
    assert sum(one["input_tokens"] for one in usage) == bill["input"]
    assert sum(one["output_tokens"] for one in usage) == bill["output"]


@pytest.mark.parametrize("models", [OLDER, NEWER], ids=["older", "newer"])
def test_structured_output(client, provider, models):
    answer = client(models[provider]).with_structured_output(Place).invoke("Where is it?")
    assert answer == Place(name="Ada", km=1)
