"""The README's commands, run as they are written there."""

import re
import zipfile

from tests.docs.conftest import ROOT, Reader

BLOCKS = re.findall(r"(?:^    .*\n)+", (ROOT / "README.md").read_text(), re.MULTILINE)


def test_from_files_to_their_results_as_the_readme_says(reader: Reader) -> None:
    [block] = [block for block in BLOCKS if "notes.zip" in block]
    assert len(block.splitlines()) == 1
    reader.run("bash", "-euc", block)
    with zipfile.ZipFile(reader.folder / "notes.zip") as archive:
        assert archive.namelist() == ["summarize.md"]
