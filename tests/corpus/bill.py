"""What a recorded answer cost, by the catalogue of prices alone: its own reading of the usage, and
its own arithmetic, in decimals."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import eventstream
import genai_prices
from genai_prices.types import Usage
from recordings import Recording

# Whose schema it is, for hosts that the catalogue doesn't know, and how the catalogue calls its
# ways to tell the usage, the likeliest first.
OWN = {
    "chat": ("openai", ["chat", "default"]),
    "responses": ("openai", ["responses"]),
    "claude": ("anthropic", ["anthropic", "default"]),
    "gemini": ("google", ["default"]),
}


def billable(recording: Recording) -> bool:
    """Whether this is an answer that a provider bills by its usage."""
    return recording.ok and recording.operation != "count" and recording.framing != "bin"


def usage(recording: Recording) -> Usage | None:
    """The usage told in an answer; none where the catalogue finds none."""
    told = answered(recording)
    owner, flavors = OWN[recording.schema]
    flavors = ["embeddings", *flavors] if recording.operation == "embed" else flavors
    for seller in ({"provider_api_url": recording.url}, {"provider_id": owner}):
        for flavor in flavors:
            try:
                return genai_prices.extract_usage(told, **seller, api_flavor=flavor).usage
            except (LookupError, ValueError):
                continue
    return None


def dollars(recording: Recording, counted: Usage) -> Decimal | None:
    """What this usage costs of the model that was asked for; none where nobody knows."""
    owner, _ = OWN[recording.schema]
    for seller in ({"provider_api_url": recording.url}, {"provider_id": owner}):
        try:
            return genai_prices.calc_price(
                counted, recording.model, **seller, price_context=context(recording)
            ).total_price
        except LookupError:
            continue
    return None


def context(recording: Recording) -> dict[str, str]:
    """What an answer says of how it was served."""
    told = answered(recording)
    tier = told.get("service_tier") or (told.get("usage") or {}).get("service_tier")
    return {"service_tier": tier} if isinstance(tier, str) else {}


def answered(recording: Recording) -> dict[str, Any]:
    """The answer, or of a stream what its events come to as far as they tell the usage."""
    told: dict[str, Any] = {}
    for event in events(recording):
        # Responses' events hold the answer, the first of Claude's a message.
        event = event.get("response") or event.get("message") or event
        # Groq's older streams.
        usage = event.get("usage") or (event.get("x_groq") or {}).get("usage")
        # Claude tells the input first, and then what has changed.
        merged = {**(told.get("usage") or {}), **{k: v for k, v in (usage or {}).items() if v}}
        told |= {name: value for name, value in event.items() if value is not None}
        if usage is not None or "usage" in told:
            told["usage"] = merged
    return told


def events(recording: Recording) -> Iterator[dict[str, Any]]:
    body = eventstream.unwrap(recording.response) if recording.framing == "bin" else (
        recording.response
    )
    if recording.framing == "json":
        told = json.loads(body)
        yield from told if isinstance(told, list) else [told]
        return
    for line in body.decode().splitlines():
        data = line.removeprefix("data:").strip()
        if line.startswith("data:") and data.startswith("{"):
            yield json.loads(data)
