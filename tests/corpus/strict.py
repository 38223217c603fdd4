"""Whether a body is what an SDK's types say, with nothing in it that they don't know."""

import types as python
import typing
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Literal, Union

from typing_extensions import NotRequired, ReadOnly, Required, get_type_hints, is_typeddict

REQUIRED = {Required, typing.Required}
NOT_REQUIRED = {NotRequired, typing.NotRequired}
WRAPPERS = {typing.Annotated, ReadOnly} | REQUIRED | NOT_REQUIRED
SCALARS = {str: str, bool: bool, int: int, float: (int, float), type(None): type(None)}


def faults(value: Any, of: Any, path: str = "") -> list[str]:
    """Where a JSON value is not of the type; nowhere, if it is."""
    origin, arguments = typing.get_origin(of), typing.get_args(of)
    if of in (Any, object):
        return []
    if origin in WRAPPERS:
        return faults(value, arguments[0], path)
    if origin in (Union, python.UnionType):
        return _of_any(value, arguments, path)
    if origin is Literal:
        return [] if value in arguments else [f"{path}: {value!r} is none of {arguments}"]
    if is_typeddict(of):
        return _of_members(value, of, path)
    if of in SCALARS:
        fits = isinstance(value, SCALARS[of]) and (of is bool or not isinstance(value, bool))
        return [] if fits else [f"{path}: {value!r:.80} is no {of.__name__}"]
    if isinstance(origin, type) and issubclass(origin, Mapping):
        if not isinstance(value, dict):
            return [f"{path}: {value!r:.80} is no object"]
        return [
            fault for name in value for fault in faults(value[name], arguments[1], f"{path}.{name}")
        ]
    if is_sequence(origin):
        if not isinstance(value, list):
            return [f"{path}: {value!r:.80} is no array"]
        return [
            fault
            for at, one in enumerate(value)
            for fault in faults(one, arguments[0], f"{path}.{at}")
        ]
    # Files, dates, and objects that only answers have.
    return [f"{path}: {value!r:.80} is no {of}"]


def is_sequence(origin: Any) -> bool:
    if isinstance(origin, type) and issubclass(origin, Iterable):
        return issubclass(origin, Sequence) or origin is Iterable
    return getattr(origin, "__name__", "") in ("SequenceNotStr", "Iterable")


def _of_any(value: Any, arms: tuple[Any, ...], path: str) -> list[str]:
    """The faults by the arm that comes nearest: the one in which the first fault is deepest."""
    found = [faults(value, arm, path) for arm in arms]
    if [] in found:
        return []
    return max(found, key=lambda some: (some[0].split(": ")[0].count("."), -len(some)))


def _of_members(value: Any, of: Any, path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: {value!r:.80} is no {of.__name__}"]
    hints = members(of)
    # What tells the arms of a union apart comes first.
    told = [name for name in ("type", "role") if name in value and name in hints]
    for name in told:
        if wrong := faults(value[name], hints[name], f"{path}.{name}"):
            return [f"{path}: no {of.__name__}", *wrong]
    found = [f"{path}.{name}: missing" for name in hints if needs(of, name) and name not in value]
    for name, one in value.items():
        if name not in hints:
            found.append(f"{path}.{name}: unknown in {of.__name__}")
        else:
            found += faults(one, hints[name], f"{path}.{name}")
    return sorted(found)


def needs(of: Any, name: str) -> bool:
    # Where annotations are strings, the class knows what holds for its members in general only.
    mark = typing.get_origin(members(of)[name])
    return mark in REQUIRED or (name in of.__required_keys__ and mark not in NOT_REQUIRED)


@cache
def members(of: Any) -> dict[str, Any]:
    return get_type_hints(of, include_extras=True)
