"""The release before this one: its code in a folder of its own, run by this one's packages."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.supervisor.environment import child_environment
from deploy.supervisor.service import Service
from pipeline.settings import Settings

ROOT = Path(__file__).parents[3]
COMMAND = "from deploy.cli.entry import main; main()"
LIST_POOLS = "from workers.pools.slots import POOLS; print(*(pool.value for pool in POOLS))"


class NoPrevious(Exception):
    """There is no such release; the message says what was looked for."""


@dataclass(frozen=True)
class Previous:
    """`ref`: as git names it. `folder`: its files."""

    ref: str
    folder: Path

    def command(self, *python: str) -> list[str]:
        """Python with these arguments, on that code: its children find it as it does, by folder and path."""
        return ["env", "-C", str(self.folder), f"PYTHONPATH={self.folder}", sys.executable, *python]

    def processes(self) -> Mapping[str, list[str]]:
        """All that it runs, by name. Recordings are heard by a script."""
        listed = subprocess.run(self.command("-c", LIST_POOLS), capture_output=True, text=True, check=True)
        scripted = ("-m", "tests.faults.chaos.scripted_pool", "worker")
        return {
            "api": self.command("-c", COMMAND, "api"),
            **{pool: self.command(*scripted, pool) for pool in listed.stdout.split()},
            "reconciler": self.command("-c", COMMAND, "reconciler"),
        }

    def migrate(self, settings: Settings, owner_url: str) -> None:
        """Up to its own newest schema."""
        environment = child_environment(settings, isolated=True) | {"SMELT_MIGRATION_DATABASE_URL": owner_url}
        subprocess.run(self.command("-c", COMMAND, "migrate"), env=environment, check=True)


class PreviousService(Service):
    """All of it in its version, the schema too."""

    def __init__(
        self,
        settings: Settings,
        report: Callable[[str, str], None],
        *,
        previous: Previous,
        isolated: bool = False,
        commands: Mapping[str, Sequence[str]] | None = None,  # noqa: ARG002 - its own are run
    ) -> None:
        own = {name: list(command) for name, command in previous.processes().items()}
        super().__init__(settings, report, isolated=isolated, commands=own)
        self._previous = previous

    def _migrate(self) -> None:
        self._previous.migrate(self.settings, self.owner_url)


@contextmanager
def previous(ref: str | None) -> Iterator[Previous]:
    """`ref`: None for the newest tag before this commit. Raises NoPrevious."""
    ref = ref or _newest_tag()
    with TemporaryDirectory(prefix="smelt-before-", dir="/tmp") as name:
        folder = Path(name)
        archive = subprocess.run(["git", "archive", ref], cwd=ROOT, capture_output=True, check=False)
        if archive.returncode != 0:
            raise NoPrevious(f"{ref}: {archive.stderr.decode().strip()}")
        subprocess.run(["tar", "-x", "-C", name], input=archive.stdout, check=True)
        yield Previous(ref, folder)


def _newest_tag() -> str:
    found = subprocess.run(
        ["git", "describe", "--tags", "--abbrev=0", "HEAD^"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode != 0:
        raise NoPrevious("no tag is reachable from the commit before this one: name a commit")
    return found.stdout.strip()
