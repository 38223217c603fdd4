"""Embeddings: what two of the schemas have."""

import math

import pytest
from drivers import Ask, Usage, User
from gateway import SDKS, SIMULATORS, STACK

MODELS = {"openai": "text-embedding-3-small", "gemini": "gemini-embedding-001"}
TEXTS = ["Grüße aus Zürich 🦩", "a heron", "an egret"]


@pytest.fixture(params=MODELS)
def model(request):
    return MODELS[request.param]


@pytest.mark.sdks("chat", "genai")
def test_each_text_has_its_vector(sdk, model):
    vectors = sdk.embed(model, TEXTS, 64)
    assert [len(vector) for vector in vectors] == [64] * len(TEXTS)
    assert all(math.isclose(math.hypot(*vector), 1, abs_tol=1e-5) for vector in vectors)
    assert len({tuple(vector) for vector in vectors}) == len(TEXTS)
    assert sdk.embed(model, list(reversed(TEXTS)), 64) == list(reversed(vectors))


@pytest.mark.sdks("chat", "genai")
def test_one_text_has_one_vector_of_the_models_own_size(sdk, model):
    [vector] = sdk.embed(model, ["a heron"])
    assert len(vector) == {"text-embedding-3-small": 1536, "gemini-embedding-001": 3072}[model]


@pytest.mark.providers(*MODELS)
def test_both_sdks_get_the_same_vectors(drivers, provider):
    """To the bit of a 32-bit float, packed or written out."""
    of_openai, of_google = (
        drivers[name].embed(MODELS[provider], TEXTS, 256) for name in ("chat", "genai")
    )
    for one, other in zip(of_openai, of_google, strict=True):
        assert one == pytest.approx(other, rel=1e-6, abs=1e-9)
    assert len(SIMULATORS[provider].journal()) == 2


@pytest.mark.sdks("chat")
@pytest.mark.parametrize("form", ["float", "base64"])
def test_vectors_come_in_the_form_asked_for(sdk, model, form):
    answer = sdk.client.embeddings.create(
        model=model, input="a heron", dimensions=8, encoding_format=form
    )
    [one] = answer.data
    assert isinstance(one.embedding, list if form == "float" else str)


@pytest.mark.sdks("chat", "genai")
def test_tokens_are_billed_as_the_provider_does(sdk, model):
    sdk.embed(model, ["a heron " * 100], 8)
    [provider] = [name for name, known in MODELS.items() if known == model]
    assert SIMULATORS[provider].billed() == {model: Usage(200, 0, 0, 0)}


@pytest.mark.sdks("chat", "genai")
def test_claude_has_no_embeddings(sdk):
    with pytest.raises(sdk.errors[404]) as error:
        sdk.embed("claude-sonnet-5", TEXTS)
    failure = sdk.failure(error.value)
    assert failure.status == 404
    assert "has no embeddings" in failure.message
    assert SIMULATORS["claude"].journal() == []


@pytest.mark.sdks("chat", "genai")
def test_a_model_that_no_route_serves(sdk):
    with pytest.raises(sdk.errors[404]) as error:
        sdk.embed("does-not-exist", TEXTS)
    assert "does-not-exist" in sdk.failure(error.value).message


@pytest.mark.parametrize("name", ["chat", "genai"])
def test_a_model_that_the_caller_may_not_use(name, model):
    driver = SDKS[name].Driver(STACK["url"], STACK["keys"]["narrow"])
    assert driver.ask(Ask("gpt-4o-mini", [User("hello")])).text
    with pytest.raises((driver.errors[403], driver.errors[404])):
        driver.embed(model, TEXTS)
    driver.close()
