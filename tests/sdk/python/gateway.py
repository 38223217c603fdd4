"""What is around the SDKs: the gateway, the simulated providers, and what both know of a call."""

import time
from collections.abc import Callable

import simulator
from drivers import Usage, anthropic_sdk, chat_sdk, genai_sdk, responses_sdk
from picture import png
from simulator import STACK, call

__all__ = ["STACK", "png"]

SDKS = {
    "chat": chat_sdk,
    "responses": responses_sdk,
    "anthropic": anthropic_sdk,
    "genai": genai_sdk,
}
# Backends: OpenAI's two APIs are one each, with models of their own.
BACKENDS = ["openai", "responses", "claude", "gemini"]
SCHEMA = {"openai": "chat", "responses": "responses", "claude": "claude", "gemini": "gemini"}
OLDER = simulator.OLDER | {"responses": "gpt-4.1-mini"}
NEWER = simulator.NEWER | {"responses": "gpt-5.6"}
FAMILY = {"openai": "gpt", "responses": "gpt-4.1", "claude": "claude", "gemini": "gemini"}
# Who steps in on the route of `reliable-…`.
NEXT = {"openai": "claude", "claude": "gemini", "gemini": "responses", "responses": "claude"}


class Simulator(simulator.Simulator):
    """A simulated provider, with its bill in the drivers' words."""

    def billed(self) -> dict[str, Usage]:
        """What each model was used for since the last reset."""
        return {
            model: Usage(line["input"], line["cached"], line["output"], line["reasoning"])
            for model, line in self.bill().items()
        }


SIMULATORS = {name: Simulator(name) for name in simulator.PROVIDERS}
# Both of OpenAI's APIs are at one provider.
SIMULATORS["responses"] = SIMULATORS["openai"]


def eventually(condition: Callable[[], bool], patience_s: float = 30) -> None:
    """Waits until the condition holds."""
    until = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < until, "it never came true"
        time.sleep(0.02)


def metric(name: str, **labels: str) -> float:
    """The sum of the gateway's samples of that name that bear these labels.

    A request is counted after its answer has been sent: first nothing may be in flight any more.
    """
    eventually(lambda: _sum("egret_requests_in_flight", {}) == 0)
    return _sum(name, labels)


def _sum(name: str, labels: dict[str, str]) -> float:
    total = 0.0
    for line in call("GET", f"{STACK['admin']}/metrics").splitlines():
        series, _, value = line.rpartition(" ")
        family, _, rest = series.partition("{")
        if family == name and all(f'{key}="{word}"' in rest for key, word in labels.items()):
            total += float(value)
    return total
