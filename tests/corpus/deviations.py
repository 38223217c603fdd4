"""Where what another SDK reads is rightly not what the recording's own SDK makes of it."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Deviation:
    """Why, and what the other SDKs read instead."""

    reason: str
    tokens: tuple[int, int] | None = None
    calls: list[tuple[str, Any]] | None = None
    # Only what stands before the end of the first message is the answer.
    first_message: bool = False


COUNTED_DOWN = "Gemini lowered a count as it streamed; a bill is never lowered (S-43)"
MORE_BILLED = "billed model runs stand in `usage.iterations` only, which the SDK leaves alone"
PARTIAL = "Vertex AI streams arguments as `partialArgs`, which the SDK leaves to its caller"
SEVERAL = "a fixture of several messages; whoever follows the protocol stops at the first's end"

DEVIATIONS = {
    "pydantic-ai__test-native-output-with-builtin-tools-stream__0_53c47d": Deviation(
        COUNTED_DOWN, tokens=(87, 99)
    ),
    "pydantic-ai__test-google-model-iter-stream__2_b99d3c": Deviation(
        COUNTED_DOWN, tokens=(169, 12)
    ),
    "pydantic-ai__test-anthropic-advisor-tool-stream__0_0d236e": Deviation(
        MORE_BILLED, tokens=(4954, 163)
    ),
    "langchain-anthropic-1-7-10__test-compaction-streaming-yaml__1_905768": Deviation(
        MORE_BILLED, tokens=(83779, 176)
    ),
    "ai__google-stream-tool-call-arguments-chunks__0_8ca1bb": Deviation(
        PARTIAL,
        calls=[
            ("getWeather", {"location": "Boston"}),
            ("getWeather", {"location": "San Francisco"}),
        ],
    ),
    "ai__google-stream-tool-call-array-arguments-missing-terminal-function-call__0_0aadf4": (
        Deviation(
            PARTIAL,
            calls=[
                (
                    "writeItems",
                    {
                        "operations": [
                            {
                                "action": "add",
                                "itemid": "apple_001",
                                "description": "Fresh red apple",
                                "price": 0.5,
                            },
                            {
                                "action": "add",
                                "itemid": "banana_001",
                                "description": "Ripe yellow banana",
                                "price": 0.3,
                            },
                        ]
                    },
                )
            ],
        )
    ),
    "ai__anthropic-tool-search-deferred-bm25-chunks__0_60ad38": Deviation(
        SEVERAL, first_message=True
    ),
    "ai__anthropic-tool-search-regex-1-chunks__0_0bc5c2": Deviation(SEVERAL, first_message=True),
    "ai__openai-reasoning-encrypted-content-1-chunks__0_5c7dee": Deviation(
        SEVERAL, first_message=True
    ),
    "ai__azure-reasoning-encrypted-content-1-chunks__0_0c94be": Deviation(
        SEVERAL, first_message=True
    ),
}
