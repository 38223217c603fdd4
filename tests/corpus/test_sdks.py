"""What SDKs read of a recording through Egret is what its own SDK reads without Egret."""

from dataclasses import replace

import pytest
import wire
from deviations import DEVIATIONS, Deviation
from readers.answer import BAD_CALL, Answer, dump
from recordings import Recording


def test_its_own_sdk_reads_the_same(record_property, provider, direct, through, readable):
    record_property("read", (readable.schema, readable.schema))
    provider.play(readable.to_sdk)
    alone = direct[readable.schema].ask(readable.alias, readable.streamed)
    provider.play(readable.to_egret)
    with_egret = through[readable.schema].ask(readable.alias, readable.streamed)
    assert dump(with_egret) == dump(alone)


def test_the_other_sdks_read_the_same(record_property, provider, direct, through, foreign):
    recording, schema = foreign
    record_property("read", (recording.schema, schema))
    deviation = DEVIATIONS.get(recording.name, Deviation("none"))
    own, other = direct[recording.schema], through[schema]
    provider.play(first_message(recording) if deviation.first_message else recording.to_sdk)
    alone = own.ask(recording.alias, recording.streamed)
    provider.play(recording.to_egret)
    if own.answer(alone).finish in BAD_CALL:
        expect_failure(other, recording)
        return
    read = other.ask(recording.alias, recording.streamed)
    # Callers of these get one, and may ask for no more.
    count = 1 if schema in ("claude", "responses") else own.candidates(alone)
    assert other.candidates(read) == count
    for one in range(count):
        expected = in_the_words_of(schema, own.answer(alone, one), deviation)
        assert other.answer(read, one) == expected


def expect_failure(reader, recording: Recording) -> None:
    if reader.schema == "responses":
        # A response that failed is no exception to the SDK.
        read = reader.answer(reader.ask(recording.alias, recording.streamed))
        assert read.finish == "failed"
        return
    with pytest.raises(reader.error) as raised:
        reader.ask(recording.alias, recording.streamed)
    assert reader.status(raised.value) >= 500


@pytest.fixture(scope="module")
def tokens(provider, gateway, recordings):
    """The tokens that Egret counted in each recording, by its id."""
    requests = {}
    for recording in filter(lambda one: one.operation == "generate", recordings):
        provider.play(recording)
        received = wire.post(gateway, recording, wire.simplest(recording), recording.alias)
        requests[recording.id] = last = received.headers["x-egret-request-id"]
    log = gateway.access_log(last)
    lines = {name: log[request] for name, request in requests.items()}
    return {
        name: (line["input_tokens"] or 0, line["output_tokens"] or 0)
        for name, line in lines.items()
    }


def test_egret_counts_what_its_own_sdk_reads(provider, direct, tokens, readable):
    deviation = DEVIATIONS.get(readable.name, Deviation("none"))
    provider.play(first_message(readable) if deviation.first_message else readable.to_sdk)
    own = direct[readable.schema]
    read = own.answer(own.ask(readable.alias, readable.streamed))
    told = deviation.tokens or read.tokens
    counted = tokens[readable.id]
    # Whatever answers has read something: an input of nothing was not counted, and is estimated.
    input_tokens = told[0] or counted[0]
    assert counted == (input_tokens, *told[1:])
    assert counted[0] > 0 or told == (0, 0)


def in_the_words_of(schema: str, answer: Answer, deviation: Deviation) -> Answer:
    """The answer as that schema can say it."""
    if deviation.tokens is not None:
        answer = replace(answer, tokens=deviation.tokens)
    if deviation.calls is not None:
        answer = replace(answer, calls=deviation.calls)
    # Some hosts end without a reason; and where calls have no reason of their own, they say it.
    if not answer.finish or (answer.finish == "end" and schema in ("gemini", "responses")):
        answer = replace(answer, finish="calls" if answer.calls else "end")
    return answer


def first_message(recording: Recording) -> Recording:
    """The recording up to the end of its first message."""
    last = b'"message_stop"' if recording.schema == "claude" else b'"response.completed"'
    end = recording.response.index(b"\n\n", recording.response.index(last))
    return replace(recording, response=recording.response[: end + 2])


def test_every_deviation_is_of_a_recording(recordings):
    assert set(DEVIATIONS) <= {recording.name for recording in recordings}
