"""Budgets: what does not fit is refused, and no SDK hammers."""

import pytest
from drivers import Ask, User
from gateway import FAMILY, SDKS, SIMULATORS, STACK, metric


@pytest.mark.parametrize("name", SDKS)
def test_what_does_not_fit_is_refused_once(name, provider, stream):
    """With the SDK's retries on: it is told not to, and nothing reaches the provider."""
    driver = SDKS[name].Driver(STACK["url"], STACK["keys"]["app"], retries=2)
    labels = {"caller": "app", "surface": driver.schema, "code": "429"}
    before = metric("egret_requests_total", **labels)
    model = f"{FAMILY[provider]}-priceless"
    with pytest.raises(driver.errors[429]) as error:
        driver.ask(Ask(model, [User("hello")]), stream)
    driver.close()
    failure = driver.failure(error.value)
    assert failure.status == 429
    assert "daily" in failure.message
    # It costs more than there ever is: no time would help.
    assert "more than all of it" in failure.message
    assert "retry-after" not in failure.headers
    assert failure.headers["x-should-retry"] == "false"
    assert SIMULATORS[provider].journal() == []
    if name != "genai":  # Google's SDK knows no such header; it was told to retry here.
        assert metric("egret_requests_total", **labels) == before + 1


def test_a_budget_holds_to_the_end():
    """Calls go through until the allowance is used up; then none does, through any SDK."""
    drivers = [
        module.Driver(STACK["url"], STACK["keys"]["spender"]) for module in SDKS.values()
    ]
    answers, refused = 0, 0
    for at in range(64):
        driver = drivers[at % len(drivers)]
        # A dollar for each token of input.
        ask = Ask("gpt-dear", [User("four hundred bytes " * 20)], max_tokens=16)
        try:
            assert driver.ask(ask).text.startswith("gpt-dear here: ")
            assert refused == 0, "once refused, the same call stays refused"
            answers += 1
        except driver.errors[429]:
            refused += 1
    for driver in drivers:
        driver.close()
    assert answers > 0
    assert refused >= len(drivers)
    [billed] = SIMULATORS["openai"].billed().values()
    assert len(SIMULATORS["openai"].journal()) == answers
    spent = metric("egret_budget_spent", budget="daily", of="spender")
    assert spent == billed.input, "the ledger equals the provider's own bill"
    assert spent <= STACK["limit_usd"]


def test_a_budget_of_one_is_not_anothers():
    """The spender has nothing left; the application is not concerned."""
    driver = SDKS["chat"].Driver(STACK["url"], STACK["keys"]["app"])
    answer = driver.ask(Ask("gpt-4o-mini", [User("hello")]))
    driver.close()
    assert answer.text == "gpt-4o-mini here: hello"
