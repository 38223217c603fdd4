"""Errors: each SDK raises its own exception, with the words that help."""

import pytest
from drivers import Ask, User
from gateway import FAMILY, NEWER, NEXT, OLDER, SCHEMA, SDKS, SIMULATORS, STACK, metric


def fail(sdk, ask, stream, status):
    """Asks, and expects the SDK's exception for that status."""
    with pytest.raises(sdk.errors[status]) as error:
        sdk.ask(ask, stream)
    return sdk.failure(error.value)


def test_a_model_that_no_route_serves(sdk, stream):
    failure = fail(sdk, Ask("does-not-exist", [User("hello")]), stream, 404)
    assert failure.status == (400 if sdk.name == "responses" else 404)
    assert "does-not-exist" in failure.message


def test_a_model_that_the_provider_does_not_have(sdk, provider, stream):
    model = f"{FAMILY[provider]}-does-not-exist"
    priced = fail_with_price_or_404(sdk, Ask(model, [User("hello")]), stream)
    assert model in priced.message


def fail_with_price_or_404(sdk, ask, stream):
    """A model that nobody knows has no price either, and the budget is asked first."""
    with pytest.raises((sdk.errors[404], sdk.errors[403], sdk.errors[429])) as error:
        sdk.ask(ask, stream)
    return sdk.failure(error.value)


@pytest.mark.parametrize("key", ["sk-wrong", ""])
@pytest.mark.parametrize("name", SDKS)
def test_a_key_that_nobody_has(name, stream, key):
    driver = SDKS[name].Driver(STACK["url"], key or "x")
    failure = fail(driver, Ask("gpt-4o-mini", [User("hello")]), stream, 401)
    driver.close()
    assert failure.status == 401
    assert "key" in failure.message.lower()
    assert all(simulator.journal() == [] for simulator in SIMULATORS.values())


@pytest.mark.parametrize("name", SDKS)
def test_a_provider_credential_is_no_callers_key(name):
    driver = SDKS[name].Driver(STACK["url"], STACK["credentials"]["openai"])
    assert fail(driver, Ask("gpt-4o-mini", [User("hello")]), False, 401).status == 401
    driver.close()


@pytest.mark.parametrize("name", SDKS)
def test_a_model_that_the_caller_may_not_use(name, stream):
    driver = SDKS[name].Driver(STACK["url"], STACK["keys"]["narrow"])
    allowed = driver.ask(Ask("gpt-4o-mini", [User("hello")]), stream)
    assert allowed.text == "gpt-4o-mini here: hello"
    with pytest.raises((driver.errors[403], driver.errors[404])) as error:
        driver.ask(Ask("claude-sonnet-5", [User("hello")]), stream)
    driver.close()
    assert "claude-sonnet-5" in driver.failure(error.value).message
    assert SIMULATORS["claude"].journal() == []


def test_a_value_that_the_provider_refuses(sdk, provider, stream):
    ask = Ask(OLDER[provider], [User("hello")], temperature=5)
    with pytest.raises(sdk.errors[400]) as error:
        sdk.ask(ask, stream)
    failure = sdk.failure(error.value)
    assert failure.status == 400
    assert "temperature" in failure.message
    if sdk.schema == SCHEMA[provider] in ("chat", "responses"):
        assert sdk.named_field(error.value) == "temperature"


@pytest.mark.sdks("chat", "genai")
def test_what_a_provider_cannot_do_is_refused_with_the_field_named(sdk, provider):
    """Two answers at once: Claude and Responses have no such thing."""
    more = {"chat": {"n": 2}, "genai": {"candidate_count": 2}}[sdk.name]
    ask = Ask(OLDER[provider], [User("hello")], more=more)
    if provider in ("claude", "responses"):
        with pytest.raises(sdk.errors[400]) as error:
            sdk.ask(ask)
        field = {"chat": "n", "genai": "generationConfig.candidateCount"}[sdk.name]
        assert sdk.named_field(error.value) == field
        assert SIMULATORS[provider].journal() == []
    else:
        assert sdk.ask(ask).text.startswith(f"{OLDER[provider]} here: hello")
        [twice] = SIMULATORS[provider].billed().values()
        once = sdk.ask(Ask(OLDER[provider], [User("hello")])).usage.output
        assert twice.output == 2 * once


@pytest.mark.parametrize("status", [500, 503, 529])
def test_a_provider_that_fails(sdk, provider, stream, status):
    ask = Ask(f"faulty-{provider}", [User(f"hello [[status {status}]]")])
    failure = fail(sdk, ask, stream, 500 if status == 500 else 503)
    overloaded = 529 if sdk.name == "anthropic" else 503
    assert failure.status == (500 if status == 500 else overloaded)
    assert failure.message
    assert len(SIMULATORS[provider].journal()) == 1
    # It still serves, after however many failures: there is nobody else on this route.
    after = sdk.ask(Ask(f"faulty-{provider}", [User("hello")]), stream)
    assert after.text == f"{OLDER[provider]} here: hello"


def test_a_provider_that_asks_for_patience(sdk, provider, stream):
    ask = Ask(f"faulty-{provider}", [User("hello [[status 429]] [[retry-after 7]]")])
    failure = fail(sdk, ask, stream, 429)
    assert failure.status == 429
    assert failure.headers["retry-after"] == "7"
    assert len(SIMULATORS[provider].journal()) == 1


@pytest.mark.parametrize(
    "fault", ["html", "garbage", "error in 200", "close", "redirect https://example.com/"]
)
def test_a_provider_that_makes_no_sense(sdk, provider, stream, fault):
    ask = Ask(f"faulty-{provider}", [User(f"hello [[{fault}]]")])
    # A stream may have begun by the time that its first bytes turn out to be nonsense.
    expected = (sdk.errors[500], sdk.errors[503], *([sdk.stream_error] if stream else []))
    with pytest.raises(expected) as error:
        sdk.ask(ask, stream)
    failure = sdk.failure(error.value)
    assert failure.status in (500, 502, 503, 504, 529, 200 if stream else 500, None)
    assert failure.message
    assert "<html" not in failure.message
    assert "example.com" not in failure.message


def test_no_error_repeats_a_credential(sdk, provider, stream):
    ask = Ask(f"faulty-{provider}", [User("hello [[echo credential]]")])
    with pytest.raises(sdk.errors[400]) as error:
        sdk.ask(ask, stream)
    failure = sdk.failure(error.value)
    everything = repr(error.value) + failure.message + repr(dict(failure.headers))
    for simulator in SIMULATORS.values():
        assert simulator.credential not in everything


@pytest.mark.parametrize("name", SDKS)
def test_the_sdks_own_retry_works(name, provider, stream):
    driver = SDKS[name].Driver(STACK["url"], STACK["keys"]["app"], retries=2)
    SIMULATORS[provider].script("next 1: [[status 503]]")
    answer = driver.ask(Ask(f"faulty-{provider}", [User("hello")]), stream)
    driver.close()
    assert answer.text == f"{OLDER[provider]} here: hello"
    assert len(SIMULATORS[provider].journal()) == 2


def test_the_next_provider_answers_when_the_first_fails(sdk, provider, stream):
    """The canary of conftest.py then looks at what both were shown."""
    second = NEXT[provider]
    failing = {"backend": f"{provider}-failing"}
    before = metric("egret_failovers_total", **failing)
    answer = sdk.ask(Ask(f"reliable-{provider}", [User("hello")], system="Be brief."), stream)
    assert answer.text == f"{OLDER[second]} here: hello"
    assert answer.finish == sdk.finish["end"]
    assert SIMULATORS[second].billed() == {OLDER[second]: answer.usage}
    assert SIMULATORS[provider].billed() == {}
    tried = len(SIMULATORS[provider].journal())
    assert tried <= 1, "a backend that keeps failing is left alone, or tried once"
    assert metric("egret_failovers_total", **failing) == before + tried


def test_nothing_is_spent_on_a_refused_request(sdk):
    fail(sdk, Ask("does-not-exist", [User("hello")]), False, 404)
    assert all(simulator.billed() == {} for simulator in SIMULATORS.values())


def test_broken_tools_are_refused_before_they_cost(sdk, provider):
    """A forced tool that is not on offer."""
    ask = Ask(NEWER[provider], [User("hello")], choice="missing")
    with pytest.raises(sdk.errors[400]) as error:
        sdk.ask(ask)
    message = sdk.failure(error.value).message
    assert "missing" in message or "tool" in message
    assert SIMULATORS[provider].billed() == {}
