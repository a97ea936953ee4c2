"""Each folder says what belongs there, and import-linter holds its rule; a file that is very short has a reason."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_architecture import PACKAGES, ROOT

ROOMS = sorted(
    str(path.parent.relative_to(ROOT))
    for package in PACKAGES
    for path in (ROOT / package).rglob("__init__.py")
)
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
# Whoever is at the top may import all; that nothing imports it is what others' contracts say.
AT_THE_TOP = {"deploy/cli", "deploy/client/commands"}

SHORT = 30  # lines
OF_SETTINGS = "a group of settings has a file"
READ_BY_MANY = "several folders or many files need it, and none of them owns it"
ONE_NOUN = "a noun of its own, which the glossary or its folder names, with tests of its own"
REASONS = {
    "api/auth/derived_secret.py": "cryptography is to be found by its name",
    "api/events/follower.py": READ_BY_MANY,
    "api/events/watch.py": "the hub's record of one smelt, beside the hub's loop",
    "api/http/query_time.py": ONE_NOUN,
    "api/middleware/trailing_slash.py": "a middleware has a file",
    "api/routes/metrics.py": "routes have a file for each noun",
    "api/schemas/openai.py": "OpenAI's shapes aren't ours",
    "api/smelts/notifications.py": "what takes in and what retries both notify",
    "api/smelts/upload_schema.py": ONE_NOUN,
    "api/web/assets.py": ONE_NOUN,
    "db/smelts/platform_use.py": ONE_NOUN,
    "db/statement.py": READ_BY_MANY,
    "db/work/cleanup.py": "a job of the schedule, on tables of several nouns",
    "db/work/tables.py": "imports each table's file, which none of them may do",
    "deploy/cli/entry.py": "runs before anything that takes time is imported",
    "deploy/client/failures.py": READ_BY_MANY,
    "deploy/client/shown.py": READ_BY_MANY,
    "deploy/speaker_models/extra.py": "asked before anything is imported that needs the extra",
    "deploy/evaluate/extra.py": "asked before anything is imported that needs the extra",
    "pipeline/checks.py": READ_BY_MANY,
    "pipeline/content/round_trip.py": ONE_NOUN,
    "pipeline/credits.py": ONE_NOUN,
    "pipeline/limits.py": ONE_NOUN,
    "pipeline/metrics/counted.py": "runs before anything is imported that defines a metric",
    "pipeline/metrics/registry.py": READ_BY_MANY,
    "pipeline/llm/engines/extractive/limits.py": READ_BY_MANY,
    "pipeline/llm/engines/extractive/plain.py": READ_BY_MANY,
    "pipeline/llm/engines/extractive/terms.py": READ_BY_MANY,
    "pipeline/llm/engines/extractive/ticking.py": READ_BY_MANY,
    "pipeline/llm/progress.py": "synthesis tells it, engines read it",
    "pipeline/llm/retry_delay.py": ONE_NOUN,
    "pipeline/net/networks.py": READ_BY_MANY,
    "pipeline/net/webhook_signature.py": ONE_NOUN,
    "pipeline/processes/cores.py": READ_BY_MANY,
    "pipeline/processes/descriptors.py": ONE_NOUN,
    "pipeline/processes/stop_signal.py": READ_BY_MANY,
    "pipeline/speakers/diarizer.py": "what is asked of an engine, apart from the one that there is",
    "pipeline/settings/engines.py": OF_SETTINGS,
    "pipeline/settings/log.py": OF_SETTINGS,
    "pipeline/settings/tracing.py": OF_SETTINGS,
    "pipeline/shown_state.py": ONE_NOUN,
    "pipeline/speech/beginning.py": ONE_NOUN,
    "pipeline/speech/engine_settings.py": "a process that only starts others reads it, and needs no numpy for that",
    "pipeline/speech/cuda_libraries.py": "has to run before the library that needs it is imported",
    "pipeline/speech/kept.py": "workers write it, and the API reads it",
    "pipeline/speech/part.py": READ_BY_MANY,
    "pipeline/speech/progress.py": READ_BY_MANY,
    "pipeline/speech/samples.py": READ_BY_MANY,
    "pipeline/speech/seekable.py": READ_BY_MANY,
    "pipeline/speech/side_by_side.py": ONE_NOUN,
    "pipeline/stall_detector.py": ONE_NOUN,
    "pipeline/tracing/setup.py": "asked before anything is imported that needs the extra",
    "workers/notifications/queue_depth.py": "needs the services, which hold what `queue_notifications.py` makes",
    "workers/pools/shutdown.py": ONE_NOUN,
}


def docstring(path: Path) -> str:
    return ast.get_docstring(ast.parse(path.read_text())) or ""


def modules() -> Iterator[Path]:
    return (path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")))


def test_each_module_says_what_it_is_for() -> None:
    """Tests too, but for the folders' empty `__init__.py` there."""
    tests = (path for path in sorted((ROOT / "tests").rglob("*.py")) if path.stat().st_size)
    silent = [str(path.relative_to(ROOT)) for path in (*modules(), *tests) if not docstring(path)]
    assert silent == []


@pytest.mark.parametrize("room", ROOMS)
def test_each_folder_says_what_belongs_there_and_whom_it_imports(room: str) -> None:
    said = docstring(ROOT / room / "__init__.py")
    assert len(said.split("\n\n")) > 1
    assert "mports" in said or room == "deploy"


@pytest.mark.parametrize("room", ROOMS)
def test_import_linter_holds_each_folders_rule(room: str) -> None:
    """A folder within a folder may leave it to that one's."""
    held = {name.strip() for contract in CONTRACTS for name in sources(contract)}
    names = {
        room.replace("/", "."),
        *([str(Path(room).parent).replace("/", ".")] if room.count("/") > 1 else []),
    }
    assert names & held or room in AT_THE_TOP
    if room in AT_THE_TOP and room.count("/") == 1:
        assert any(room.replace("/", ".") in contract.get("forbidden_modules", ()) for contract in CONTRACTS)


def sources(contract: dict[str, list[str]]) -> list[str]:
    layers = [name for layer in contract.get("layers", ()) for name in layer.split("|")]
    return [*contract.get("source_modules", ()), *layers]


def test_a_short_file_has_a_reason() -> None:
    short = {
        str(path.relative_to(ROOT))
        for path in modules()
        if path.name != "__init__.py" and len(path.read_text().splitlines()) < SHORT
    }
    assert short == REASONS.keys()
