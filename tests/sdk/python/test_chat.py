"""Text in, text out: systems, turns, images, usage, models, the SDK's ways of calling."""

import asyncio
import json

import pytest
from drivers import Ask, Assistant, User, genai_sdk
from gateway import NEWER, OLDER, SDKS, SIMULATORS, STACK, metric, png


def test_answers_in_its_own_words(sdk, provider, stream):
    model = OLDER[provider]
    text = "Grüße aus Zürich 🦩, \"quoted\" \\ and\nbroken"
    answer = sdk.ask(Ask(model, [User(text)], system="Be brief."), stream)
    assert answer.text == f"{model} here: {text}"
    assert answer.finish == sdk.finish["end"]
    assert answer.model == model
    assert not answer.refused
    assert answer.calls == []
    if stream:
        assert len(answer.pieces) > 1, "a stream comes in pieces"


def test_the_newer_models_answer_too(sdk, provider, stream):
    answer = sdk.ask(Ask(NEWER[provider], [User("hello there")], system="Be brief."), stream)
    assert answer.text == f"{NEWER[provider]} here: hello there"
    assert answer.finish == sdk.finish["end"]


def test_carries_the_system_prompt_and_every_turn(sdk, provider, stream):
    turns = [User("my name is Ada"), Assistant("hello Ada"), User("what is my name?")]
    answer = sdk.ask(Ask(OLDER[provider], turns, system="You remember names."), stream)
    assert answer.text == f"{OLDER[provider]} here: what is my name?"
    [arrival] = SIMULATORS[provider].journal()
    body = json.loads(arrival["body"])
    assert _conversation(provider, body) == [
        ("system", "You remember names."),
        ("user", "my name is Ada"),
        ("assistant", "hello Ada"),
        ("user", "what is my name?"),
    ]


def _conversation(provider, body):
    """Who said what, as the provider reads it."""

    def text(content):
        if isinstance(content, str):
            return content
        return "".join(part["text"] for part in content)

    match provider:
        case "openai":
            roles = {"developer": "system"}
            return [
                (roles.get(turn["role"], turn["role"]), text(turn["content"]))
                for turn in body["messages"]
            ]
        case "responses":
            turns = [(turn["role"], text(turn["content"])) for turn in body["input"]]
            return [("system", body["instructions"]), *turns]
        case "claude":
            turns = [(turn["role"], text(turn["content"])) for turn in body["messages"]]
            return [("system", text(body["system"])), *turns]
        case "gemini":
            roles = {"user": "user", "model": "assistant"}
            turns = [(roles[turn["role"]], text(turn["parts"])) for turn in body["contents"]]
            return [("system", text(body["systemInstruction"]["parts"])), *turns]


def test_tells_the_tokens_that_the_provider_bills(sdk, provider, stream):
    before = {kind: _tokens(provider, kind) for kind in ("input", "output")}
    ask = Ask(OLDER[provider], [User("a cached text of some length " * 20)], system="Count.")
    answer = sdk.ask(ask, stream)
    billed = SIMULATORS[provider].billed()
    assert billed == {OLDER[provider]: answer.usage}
    assert answer.usage.cached > 0
    after = {kind: _tokens(provider, kind) for kind in ("input", "output")}
    assert after["output"] - before["output"] == answer.usage.output
    assert after["input"] - before["input"] in (
        answer.usage.input,
        answer.usage.input - answer.usage.cached,
    )


def _tokens(provider, kind):
    return metric("egret_tokens_total", backend=provider, caller="app", kind=kind)


def test_sees_images(sdk, provider, stream):
    images = (png(200), png(1))
    answer = sdk.ask(Ask(OLDER[provider], [User("what is this?", images)]), stream)
    seen = "".join(f" [image/png, {len(image)} bytes]" for image in images)
    assert answer.text == f"{OLDER[provider]} here: what is this?{seen}"


def test_a_long_conversation_arrives_whole(sdk, provider):
    turns = []
    for at in range(40):
        turns += [User(f"question {at} " + "x" * 2000), Assistant(f"answer {at} " + "y" * 2000)]
    answer = sdk.ask(Ask(OLDER[provider], [*turns, User("and now?")]))
    assert answer.text == f"{OLDER[provider]} here: and now?"
    assert answer.usage.input > 40 * 4000 / 4


def test_an_alias_is_answered_by_the_model_behind_it(sdk, stream):
    answer = sdk.ask(Ask("assistant", [User("hello")]), stream)
    assert answer.text == "claude-sonnet-5 here: hello"
    assert list(SIMULATORS["claude"].billed()) == ["claude-sonnet-5"]


@pytest.mark.parametrize("name", SDKS)
def test_the_async_client_answers_too(name, provider, stream):
    ask = Ask(OLDER[provider], [User("hello from a coroutine")], system="Be brief.")
    answer = asyncio.run(SDKS[name].ask_async(STACK["url"], STACK["keys"]["app"], ask, stream))
    assert answer.text == f"{OLDER[provider]} here: hello from a coroutine"
    assert SIMULATORS[provider].billed() == {OLDER[provider]: answer.usage}


@pytest.mark.parametrize("version", ["v1", "v1beta", "v1alpha"])
def test_genai_may_name_any_version_of_its_api(version, provider, stream):
    driver = genai_sdk.Driver(STACK["url"], STACK["keys"]["app"], version=version)
    answer = driver.ask(Ask(OLDER[provider], [User("hello")], system="Be brief."), stream)
    driver.close()
    assert answer.text == f"{OLDER[provider]} here: hello"


def test_lists_models(sdk):
    models = sdk.models()
    assert "assistant" in models
    assert len(set(models)) == len(models)


@pytest.mark.parametrize("name", SDKS)
def test_lists_what_the_caller_may_use_only(name):
    """One that may use gpt-4o-mini sees the aliases for it, and no others."""
    driver = SDKS[name].Driver(STACK["url"], STACK["keys"]["narrow"])
    listed = driver.models()
    answers = {driver.ask(Ask(model, [User("hello")])).text for model in listed}
    driver.close()
    assert "assistant" not in listed
    assert answers == {"gpt-4o-mini here: hello"}
    assert all(SIMULATORS[other].journal() == [] for other in ("claude", "gemini"))


def test_no_log_repeats_a_prompt(sdk, provider, stream):
    # The log is read when everything has ended: see stack.py.
    words = STACK["private_words"]
    answer = sdk.ask(Ask(OLDER[provider], [User(words)], system=words), stream)
    assert answer.text == f"{OLDER[provider]} here: {words}"
