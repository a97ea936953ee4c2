"""Which recordings the scripted engine was given, when, by whom: a line for each beginning and each end."""

import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import UUID


@dataclass(frozen=True, slots=True)
class SpeechCall:
    event: str  # begin, end
    file_id: str
    pid: int
    time: float  # the machine's clock, seconds
    behind: float = 0.0  # seconds of the recording that were heard before


class SpeechLog:
    """Appended to by several processes, line by line."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "speech.jsonl"

    def write(self, event: str, file_id: UUID, behind: float = 0.0) -> None:
        call = SpeechCall(event, str(file_id), os.getpid(), time.time(), behind)
        with self._path.open("a") as file:
            file.write(json.dumps(asdict(call)) + "\n")

    def calls(self) -> list[SpeechCall]:
        if not self._path.exists():
            return []
        return [SpeechCall(**json.loads(line)) for line in self._path.read_text().splitlines()]
