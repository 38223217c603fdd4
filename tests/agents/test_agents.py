"""Each coding agent does a whole turn with each provider: a model calls the agent's own tools, the
agent runs them here and sends what they said, and the model's last words come out at the end.
"""

import base64
import secrets

import pytest
from drivers.claude_code import ClaudeCode
from drivers.codex import Codex
from drivers.gemini_cli import GeminiCli
from picture import png
from simulator import NEWER, OLDER, STACK

AGENTS = [ClaudeCode, Codex, GeminiCli]
# What asks for no answer, only for its size.
COUNTING = ("countTokens", "count_tokens", "input_tokens")
# What Claude Code says of itself to Anthropic, in the system prompt.
BILLING = "x-anthropic-billing-header"
# What does not work yet, and why not. It fails here once it does.
NO_RESPONSES = pytest.mark.xfail(strict=True, reason="Egret does not speak Responses yet")
SAMPLING = pytest.mark.xfail(
    strict=True, reason="it always sends topP and topK, which the newest models of Claude refuse"
)


@pytest.fixture(params=AGENTS, ids=lambda agent: agent.__name__)
def agent(request, provider, tmp_path):
    """One in a home of its own."""
    newer = request.node.callspec.params.get("models") is not OLDER
    if request.param is Codex:
        request.applymarker(NO_RESPONSES)
    if request.param is GeminiCli and provider == "claude" and newer:
        request.applymarker(SAMPLING)
    return request.param(tmp_path, STACK["url"], STACK["keys"]["app"])


@pytest.fixture
def word() -> str:
    """What only a tool can know: it is in no prompt."""
    return f"word-{secrets.token_hex(8)}"


@pytest.fixture
def turn(agent, provider, simulators):
    """Runs a prompt to its end: the answer, and what the provider was asked last."""

    def run(model: str, prompt: str) -> tuple[str, str]:
        outcome = agent.run(model, prompt)
        assert outcome.status == 0, outcome.output
        asked = {
            name: [
                arrival["body"]
                for arrival in simulator.journal()
                if not arrival["target"].partition("?")[0].endswith(COUNTING)
            ]
            for name, simulator in simulators.items()
        }
        # Twice and no more: nothing was refused, tried again, or asked of somebody else.
        counts = {name: len(bodies) for name, bodies in asked.items()}
        assert counts == dict.fromkeys(asked, 0) | {provider: 2}, outcome.output
        assert outcome.answer.startswith(f"{model} here: ")
        assert (BILLING in asked[provider][0]) == (agent.says_billing and provider == "claude")
        return outcome.answer, asked[provider][-1]

    return run


@pytest.mark.parametrize("models", [OLDER, NEWER], ids=["older", "newer"])
def test_runs_a_command(agent, provider, turn, word, models):
    (agent.work / "given.txt").write_text(word)
    call = agent.shell("tee taken.txt < given.txt")
    answer, body = turn(models[provider], call.prompt())
    assert (agent.work / "taken.txt").read_text() == word
    assert word in body
    assert word in answer


def test_runs_two_commands_at_once(agent, provider, turn, word):
    (agent.work / "given.txt").write_text(f"{word}\n")
    call = agent.shell("tee -a taken.txt < given.txt")
    answer, body = turn(NEWER[provider], call.prompt("twice"))
    assert (agent.work / "taken.txt").read_text() == f"{word}\n{word}\n"
    assert body.count(word) == 2
    assert answer.count(word) == 2


def test_writes_a_file(agent, provider, turn, word):
    path = agent.work / "made.txt"
    text = f'Zürich "{word}" \\ 🦩\n'
    turn(NEWER[provider], agent.write(path, text).prompt())
    assert path.read_text() == text


def test_looks_at_a_picture(agent, provider, turn):
    path = agent.work / "picture.png"
    path.write_bytes(png(7))
    _, body = turn(NEWER[provider], agent.look(path).prompt())
    assert base64.b64encode(png(7)).decode() in body
