"""The README's way from submission to zip, run as it is written there."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.local_users import ensure_local_user, mint
from tests.support.running import RunningService
from tests.support.secrets import JWT_SECRET

ROOT = Path(__file__).parents[3]
# The Markdown blocks that make notes.zip: by curl, and by the client.
BLOCKS = [
    block
    for block in re.findall(r"(?:^    .*\n)+", (ROOT / "README.md").read_text(), re.MULTILINE)
    if "notes.zip" in block
]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("block", BLOCKS, ids=["curl", "smelt"])
def test_from_submission_to_zip_as_the_readme_says(
    service: RunningService, tmp_path: Path, block: str
) -> None:
    email = f"dora-{uuid4()}@example.org"
    user = ensure_local_user(service.service.owner_url, email)
    token = mint(JWT_SECRET, service.settings.jwt_audience, user, email)
    (tmp_path / "deploy").symlink_to(ROOT / "deploy")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    program = tmp_path / ".venv" / "bin" / "smelt"
    program.write_text(f"#!{sys.executable}\nfrom deploy.cli.main import main\nmain()\n")
    program.chmod(0o755)
    answer = subprocess.run(
        ["bash", "-euc", block],
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "PYTHONPATH": str(ROOT),
            "NO_PROXY": "*",
            "SMELT_SERVER": service.service.address,
            "SMELT_TOKEN": token,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert len([line for line in block.splitlines() if not line.startswith("        ")]) <= 5
    with zipfile.ZipFile(tmp_path / "notes.zip") as archive:
        assert archive.namelist() == ["summarize.md"]
