"""Makes fuzzers' seeds of the recorded traffic: recordings.py RECORDINGS FOLDER"""

import pathlib
import sys

# The schemas by number, as in `Schema::ALL`; by the beginning of a kind of recording.
SCHEMAS = [
    ("openai_chat", 0),
    ("openai_responses", 1),
    ("anthropic", 2),
    ("gemini", 3),
]
LONGEST = 65_536


def main(recordings: pathlib.Path, folder: pathlib.Path) -> None:
    for path in sorted(recordings.rglob("*")):
        if path.suffix not in (".json", ".sse", ".bin") or path.name.endswith(".meta.json"):
            continue
        kind = path.relative_to(recordings).parts[0]
        content = path.read_bytes()
        if len(content) > LONGEST:
            continue
        schema = next((number for name, number in SCHEMAS if kind.startswith(name)), None)
        if path.suffix == ".bin":
            write(folder, "eventstream", path, b"\x07" + content)
        elif path.suffix == ".sse":
            write(folder, "sse", path, b"\x07" + content)
            if schema is not None:
                write(folder, "streams", path, bytes([schema, 100]) + content)
        elif schema is None:
            continue
        elif path.name.endswith(".request.json"):
            write(folder, "requests", path, bytes([schema, 0]) + content)
            write(folder, "splice", path, bytes([schema]) + content)
        elif path.name.endswith(".response.json"):
            write(folder, "answers", path, bytes([schema]) + content)


def write(folder: pathlib.Path, target: str, path: pathlib.Path, content: bytes) -> None:
    place = folder / target / path.name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
