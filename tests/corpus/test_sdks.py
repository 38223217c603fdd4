"""What SDKs read of a recording through Egret is what its own SDK reads without Egret."""

import json

import pytest
import wire
from answers import READERS, dump
from deviations import DEVIATIONS
from recordings import Recording

MISREAD = "its own SDK can't read it, without Egret either"


def read(reader, model: str, stream: bool):
    """The SDK's objects, or the exception it raised."""
    try:
        return reader.ask(model, stream)
    except Exception as error:  # noqa: BLE001 (whatever it is, it is compared)
        return error


def test_its_own_sdk_reads_the_same(play, direct, through, readable):
    play(readable)
    alone = read(direct[readable.schema], readable.alias, readable.streamed)
    with_egret = read(through[readable.schema], readable.alias, readable.streamed)
    if isinstance(alone, Exception):
        # The provider's error in a stream, which an SDK raises; or a recording it can't read.
        assert isinstance(with_egret, Exception), with_egret
        return
    if isinstance(with_egret, Exception):
        raise with_egret
    assert dump(with_egret) == dump(alone)


@pytest.mark.parametrize("sdk", [reader.schema for reader in READERS])
def test_the_other_sdks_read_the_same(play, direct, through, readable, sdk):
    if sdk == readable.schema:
        pytest.skip("its own SDK")
    play(readable)
    own = direct[readable.schema]
    alone = read(own, readable.alias, readable.streamed)
    foreign = read(through[sdk], readable.alias, readable.streamed)
    if isinstance(alone, Exception):
        raise alone
    if isinstance(foreign, Exception):
        raise foreign
    assert through[sdk].answer(foreign) == own.answer(alone)
