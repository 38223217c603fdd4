"""Each coding agent does a whole turn with each provider: a model calls the agent's own tools, the
agent runs them here and sends what they said, and the model's last words come out at the end.
"""

import base64
import json
import secrets

import pytest
from drivers.claude_code import ClaudeCode
from drivers.codex import Codex
from drivers.gemini_cli import GeminiCli
from picture import png
from simulator import NEWER, OLDER, PROVIDERS, STACK

AGENTS = [ClaudeCode, Codex, GeminiCli]
# What asks for no answer, only for its size.
COUNTING = ("countTokens", "count_tokens", "input_tokens")
# What Claude Code says of itself to Anthropic, in the system prompt.
BILLING = "x-anthropic-billing-header"
# Who sends what only its own provider has: it takes a route that may drop or emulate that. Codex
# sends a hosted search and tools that take free text, Gemini CLI topP and topK, which the newest
# models of Claude refuse.
NEEDS_LEAVE = {ClaudeCode: [], Codex: PROVIDERS, GeminiCli: ["claude"]}


@pytest.fixture(params=AGENTS, ids=lambda agent: agent.__name__)
def agent(request, tmp_path):
    """One in a home of its own."""
    return request.param(tmp_path, STACK["url"], STACK["keys"]["app"])


@pytest.fixture
def word() -> str:
    """What only a tool can know: it is in no prompt."""
    return f"word-{secrets.token_hex(8)}"


@pytest.fixture
def turn(agent, provider, simulators):
    """Runs a prompt to its end: the answer, and what the provider was asked last."""

    def run(model: str, prompt: str, alias: str | None = None) -> tuple[str, str]:
        leave = provider in NEEDS_LEAVE[type(agent)]
        outcome = agent.run(alias or (f"relaxed-{model}" if leave else model), prompt)
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


@pytest.mark.parametrize("agent", [Codex], indirect=True)
class TestCodex:
    """What it asks of the models that it knows, whoever answers under such a name."""

    def test_edits_a_file_with_its_free_text_tool(self, agent, provider, turn, word):
        patch = f"*** Begin Patch\n*** Add File: made.txt\n+Zürich \"{word}\" \\\n*** End Patch"
        # Who has such tools is asked for the text itself, the others for a function's arguments.
        wanted = patch if provider == "openai" else json.dumps({"input": patch})
        prompt = f"call apply_patch with {wanted}"
        _, body = turn(NEWER[provider], prompt, alias=f"gpt-5.5-on-{provider}")
        assert (agent.work / "made.txt").read_text() == f'Zürich "{word}" \\\n'
        assert "start: begin_patch hunk+ end_patch" in body

    def test_calls_a_tool_of_a_group(self, provider, turn):
        prompt = 'call multi_agent_v1__close_agent with {"target": "nobody"}'
        answer, _ = turn(NEWER[provider], prompt)
        # It knows the tool, and nobody of that name.
        assert "invalid agent id nobody" in answer

    def test_runs_a_command_from_a_program(self, agent, provider, turn, word):
        (agent.work / "given.txt").write_text(word)
        program = 'text((await tools.exec_command({cmd: "tee taken.txt < given.txt"})).output)'
        wanted = program if provider == "openai" else json.dumps({"input": program})
        prompt = f"call functions__exec with {wanted}"
        answer, _ = turn(NEWER[provider], prompt, alias=f"gpt-6.1-sol-on-{provider}")
        assert (agent.work / "taken.txt").read_text() == word
        assert word in answer
