"""What a recorded answer cost, by the catalogue of prices alone: its own reading of the usage, and
its own arithmetic, in decimals."""

import json
import re
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import eventstream
import genai_prices
import vendors
from genai_prices.types import Usage
from recordings import ROOT, Recording

# Whose schema it is, and how the catalogue calls its ways to tell the usage.
OWN = {
    "chat": ("openai", "chat"),
    "responses": ("openai", "responses"),
    "claude": ("anthropic", "anthropic"),
    "gemini": ("google", "default"),
}
# Who sells, where the configuration names a vendor.
SELLERS = {
    vendor["name"]: vendor.get("prices")
    for vendor in tomllib.loads((ROOT / "providers/catalog/vendors.toml").read_text())["vendor"]
}


# What a stream ends with.
ENDS = ("message_stop", "response.completed", "response.incomplete", "response.failed")


def billable(recording: Recording) -> bool:
    """Whether this is an answer that a provider bills by its usage."""
    return recording.ok and recording.operation != "count" and recording.framing != "bin"


def seller(recording: Recording) -> str:
    """Who sells it, in the catalogue's word: a private host is whose schema it speaks."""
    owner, _ = OWN[recording.schema]
    return SELLERS.get(vendors.backend(recording, "").get("vendor")) or owner


def usage(recording: Recording) -> Usage | None:
    """The usage told in an answer; none where the catalogue finds none."""
    told = answered(recording)
    # What it costs is asked of the model that was asked for, whatever the answer calls it.
    told.pop("model", None)
    told.pop("modelVersion", None)
    owner, flavor = OWN[recording.schema]
    flavors = ["embeddings"] if recording.operation == "embed" else []
    for provider in (seller(recording), owner):
        for one in (*flavors, flavor, "default"):
            try:
                counted = genai_prices.extract_usage(told, provider_id=provider, api_flavor=one)
            except (LookupError, ValueError):
                continue
            return with_tools(recording, told, counted.usage)
    return None


def with_tools(recording: Recording, told: dict[str, Any], counted: Usage) -> Usage:
    """The usage with the tools that the catalogue has prices of but does not read."""
    if recording.schema == "responses":
        kinds = [
            item["type"]
            for item in told.get("output") or []
            # Reading on in a page that was found is no search.
            if (item.get("action") or {}).get("type") not in ("open_page", "find_in_page")
        ]
        counted.web_searches = kinds.count("web_search_call")
        counted.storage_searches = kinds.count("file_search_call")
    if recording.schema == "gemini":
        queries = {
            query
            for event in events(recording)
            for candidate in event.get("candidates") or []
            for query in (candidate.get("groundingMetadata") or {}).get("webSearchQueries") or []
        }
        # Gemini 3 bills each query, what came before it each prompt.
        once = re.match(r"gemini-[12]", recording.model)
        counted.web_searches = min(len(queries), 1) if once else len(queries)
    return counted


def dollars(recording: Recording, counted: Usage) -> Decimal | None:
    """What this usage costs of the model that was asked for; none where nobody knows."""
    try:
        return genai_prices.calc_price(
            counted,
            recording.model,
            provider_id=seller(recording),
            price_context=context(recording),
        ).total_price
    except LookupError:
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
        kind = event.get("type")
        # Responses' events hold the answer, the first of Claude's a message.
        event = event.get("response") or event.get("message") or event
        # Groq's older streams.
        usage = event.get("usage") or (event.get("x_groq") or {}).get("usage")
        # Claude tells the input first, and then what has changed.
        merged = dict(told.get("usage") or {})
        merged |= {name: n for name, n in (usage or {}).items() if n or name not in merged}
        told |= {name: value for name, value in event.items() if value is not None}
        if usage is not None or "usage" in told:
            told["usage"] = merged
        if kind in ENDS:
            # Some recordings go on with another answer.
            break
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
