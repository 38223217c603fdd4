"""Recorded requests, sent on to the other two providers: taken as they arrive, or refused here."""

import wire

# What the provider refuses instead of Egret, and why that is left to it.
SAMPLING = "whether a temperature goes with thinking is decided by the model, which names it"
LEFT_TO_PROVIDER = {
    ("ellmer__google-thinking-level__0_c1bb12", "claude-haiku-4-5"): SAMPLING,
    ("ellmer__google-thinking-level__0_c1bb12", "gpt-5.4"): SAMPLING,
}


def test_it_arrives_well_formed_or_not_at_all(simulators, translator, sent_on):
    recording, provider, model = sent_on
    simulators.asked(provider)
    received = wire.post(translator, recording, wire.recorded(recording, model), model)
    arrived = simulators.asked(provider)
    if received.status == 200:
        assert len(arrived) == 1
        return
    assert received.status == 400, received.body
    assert received.json["error"]["message"]
    if (recording.name, model) in LEFT_TO_PROVIDER:
        assert "temperature" in received.json["error"]["message"]
        return
    assert arrived == [], f"{model} was asked, and refused: {received.body}"
