"""What the run says at its end."""

from collections import Counter, defaultdict
from typing import Any

from exceptions import FAILING, NOT_SPOKEN, UNREADABLE
from readers import READERS
from recordings import Recording


def lines(stats: dict[str, list[Any]], recordings: list[Recording]) -> list[str]:
    """How many cells there were, between which schemas, of which recordings."""
    passed = [report for report in stats.get("passed", []) if report.when == "call"]
    kinds = Counter(recording.kind for recording in recordings)
    said = [
        f"corpus: {len(passed)} cells good, {len(FAILING)} exceptions,"
        f" over {len(recordings)} recordings; {len(NOT_SPOKEN)} more are in other schemas,"
        f" and {len(UNREADABLE)} is nothing that its own SDK can read:",
        "  " + ", ".join(f"{count} {kind}" for kind, count in kinds.items()),
    ]
    properties = [dict(report.user_properties) for report in passed]
    said += table("answers read", [one["read"] for one in properties if "read" in one])
    said += requests([one["sent"] for one in properties if "sent" in one])
    return said


def table(title: str, cells: list[tuple[str, str]]) -> list[str]:
    """How many cells there are from a schema (down) to another (across)."""
    counts = Counter(tuple(cell) for cell in cells)
    head = f"{title:>14} by " + "".join(f"{to:>10}" for to in READERS)
    rows = [
        f"{source:>17} " + "".join(f"{counts[source, to] or '–':>10}" for to in READERS)
        for source in READERS
    ]
    return [head, *rows]


def requests(cells: list[tuple[str, str, str, str]]) -> list[str]:
    """Of the requests: carried with nothing left out, with what was left out named, refused."""
    counts: dict[tuple[str, str], Counter] = defaultdict(Counter)
    refused: dict[tuple[str, str], Counter] = defaultdict(Counter)
    for source, to, outcome, field in cells:
        counts[source, to][outcome] += 1
        if outcome == "refused":
            refused[source, to][field] += 1
    outcomes = ["exact", "reported", "refused"]
    said = [f"{'requests sent':>24}" + "".join(f"{outcome:>10}" for outcome in outcomes)]
    for (source, to), some in counts.items():
        fields = ", ".join(f"{name} {count}" for name, count in refused[source, to].most_common())
        row = "".join(f"{some[outcome]:>10}" for outcome in outcomes)
        said.append(f"{source + ' → ' + to:>24}{row}  {fields}")
    total = Counter(outcome for _, _, outcome, _ in cells)
    row = "".join(f"{total[outcome]:>10}" for outcome in outcomes)
    return [*said, f"{'all':>24}{row}"]
