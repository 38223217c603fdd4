"""Recorded requests, sent on in the other schemas: they arrive as the provider's SDK would have
sent them, with all that was said, or are refused by Egret, which says what for."""

import json
import re
from typing import Any

import accepted
import carried
import pytest
import strict
import wire
from exceptions import LEFT_TO_PROVIDER
from openai.types.chat import completion_create_params
from simulators import Arrival


def test_it_arrives_whole_or_is_refused_by_name(record_property, simulators, translator, sent_on):
    recording, schema, model = sent_on
    simulators.arrived(schema)
    asked = f"{schema}-{model}"
    body = wire.recorded(recording, asked)
    said = json.loads(body)
    received = wire.post(translator, recording, body, asked)
    arrivals = simulators.arrived(schema)
    if not arrivals and recording.operation == "embed" and schema == "claude":
        assert received.status == 404
        assert "has no embeddings" in received.json["error"]["message"]
        record_property("sent", (recording.schema, schema, "refused", "embeddings"))
        return
    if not arrivals:
        assert received.status == 400, received.body
        field = blamed(received.json["error"], said)
        record_property("sent", (recording.schema, schema, "refused", field))
        return
    [arrival] = arrivals
    if word := LEFT_TO_PROVIDER.get((recording.name, model)):
        assert word in received.json["error"]["message"]
        record_property("sent", (recording.schema, schema, "refused", word))
        return
    assert received.status == 200, f"{model} refused it: {received.body}"
    assert accepted.refused(arrival) == []
    reported = [
        name
        for header in ("x-egret-dropped", "x-egret-emulated")
        for name in received.headers.get(header, "").split(", ")
        if name
    ]
    assert carried.lost(said, arrival.body, reported) == [], f"reported: {reported}"
    outcome = "reported" if reported else "exact"
    record_property("sent", (recording.schema, schema, outcome, ""))


def blamed(error: Any, said: Any) -> str:
    """The field that an error blames, which must be one of the request's."""
    names = [error["param"]] if error.get("param") else []
    violations = [of for one in error.get("details", []) for of in one.get("fieldViolations", [])]
    names += [violation["field"] for violation in violations]
    names += re.findall(r"(?<=[`'])[\w.]+(?=[`'])|^[\w.]+(?=:)", error["message"])
    spoken = set(carried.words(list(carried.texts(said))))
    for name in names:
        if carried.words([re.sub(r"\[\d+\]", "", name)])[-1] in spoken:
            return name
    raise AssertionError(f"no field of the request is named: {error}")


@pytest.mark.parametrize(
    "more",
    [
        {"temperatur": 1},
        {"temperature": "hot"},
        {"messages": [{"role": "user", "content": [{"type": "text", "txt": "Hi"}]}]},
        {"messages": [{"role": "user", "content": [{"type": "txt", "text": "Hi"}]}]},
        {"messages": [{"role": "tool", "content": "21"}]},
        {"tools": [{"type": "function", "name": "flat"}]},
    ],
)
def test_the_types_are_strict(more):
    body = {"model": "gpt-5.2", "messages": [{"role": "user", "content": "Hi"}]}
    of = completion_create_params.CompletionCreateParams
    assert strict.faults(body, of) == []
    assert strict.faults(body | more, of) != []


@pytest.mark.parametrize(
    "more",
    [
        {"systeminstruction": {"parts": [{"text": "Be brief"}]}},
        {"system_instruction": {"parts": [{"text": "Be brief"}]}},
        {"contents": [{"parts": [{"txt": "Hi"}]}]},
        {"generationConfig": {"responseMimeTyp": "application/json"}},
        {"toolConfig": {"functionCallingConfig": {"mode": "SOMETIMES"}}},
    ],
)
def test_the_types_of_gemini_are_strict(more):
    body = {"contents": [{"parts": [{"text": "Hi"}]}]}
    path = "/v1beta/models/gemini-2.5-flash:generateContent"
    assert accepted.refused(Arrival(path, {}, body)) == []
    assert accepted.refused(Arrival(path, {}, body | more)) != []


def test_what_is_lost_is_found():
    said = {"seed": 42, "tools": [{"name": "f", "description": "Looks the weather up."}]}
    arrived = {"tools": [{"function": {"name": "f"}}]}
    lost = ["seed: 42", "tools.description: 'Looks the weather up.'"]
    assert carried.lost(said, arrived, []) == lost
    assert carried.lost(said, arrived, ["seed", "tools.description"]) == []
    assert carried.lost(said, said, []) == []
