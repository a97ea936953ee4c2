"""The README's commands, run as they are written there, and each block of it accounted for."""

import re
import zipfile

from tests.docs.conftest import ROOT, Reader
from tests.docs.test_bare_machine import commands

BLOCKS = re.findall(r"(?:^    .*\n)+", (ROOT / "README.md").read_text(), re.MULTILINE)
# By how they begin; all others are commands, which `test_bare_machine` runs in their order.
NOT_RUN = {
    "What was heard in": "what `make demo` prints; `test_bare_machine` looks for it there",
    "…": "the rest of it",
    "export SMELT_WHISPER_MODEL=small": "a download of 500 MB, and a key of the reader's own",
    "clients": "a drawing",
}


def test_every_block_is_run_or_has_a_reason_not_to_be() -> None:
    begun = [block.strip() for block in BLOCKS if not block.strip().startswith(tuple(NOT_RUN))]
    assert begun == [*commands("Try it"), *commands("Your own files")]
    assert len(begun) == len(BLOCKS) - len(NOT_RUN), "each reason is of one block"


def test_who_speaks_is_told_as_the_readme_says(reader: Reader) -> None:
    [block] = [block for block in BLOCKS if "--speakers" in block]
    reader.run("bash", "-euc", block)
    told = re.findall(r"^(S\d): ", (reader.folder / "meeting.txt").read_text(), re.MULTILINE)
    assert told[:3] == ["S1", "S2", "S1"]


def test_from_files_to_their_results_as_the_readme_says(reader: Reader) -> None:
    [block] = [block for block in BLOCKS if "notes.zip" in block]
    assert len(block.splitlines()) == 1
    reader.run("bash", "-euc", block)
    with zipfile.ZipFile(reader.folder / "notes.zip") as archive:
        assert archive.namelist() == ["summarize.md"]
