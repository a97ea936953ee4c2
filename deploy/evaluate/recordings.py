"""The recordings of a folder, each with the files that have its words, and who speaks when."""

from dataclasses import dataclass
from pathlib import Path

from deploy.client.shown import as_text
from deploy.evaluate.references import SUFFIXES
from deploy.evaluate.rttm import SUFFIX as TURNS
from pipeline.errors import SmeltError
from pipeline.speech.signatures import claims_media
from pipeline.speech.sniff import HEAD_BYTES, classify


@dataclass(frozen=True, slots=True)
class Recording:
    name: str  # within the folder
    path: Path
    reference: Path | None  # with its words
    turns: Path | None  # who speaks when in it


def find_recordings(folder: Path) -> list[Recording]:
    """In order of their names, those in folders below too; hidden ones not.

    A recording is told by its content, as in the service, or else by its name: a damaged one is one too.
    """
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not _is_hidden(path, folder)]
    references = {(path.with_suffix(""), path.suffix.lower()): path for path in files}
    return [
        Recording(
            as_text(path.relative_to(folder)),
            path,
            _reference(path, references),
            references.get((path.with_suffix(""), TURNS)),
        )
        for path in files
        if path.suffix.lower() not in (*SUFFIXES, TURNS) and _is_recording(path)
    ]


def head(path: Path) -> bytes:
    """As much of its beginning as `classify` wants. Raises OSError."""
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def _is_recording(path: Path) -> bool:
    try:
        return classify(head(path), path.name, None).media_type is not None
    except (SmeltError, OSError):  # which `Listener.listen` meets again, and tells
        return claims_media(path.suffix.lower().removeprefix("."), "")


def _reference(path: Path, references: dict[tuple[Path, str], Path]) -> Path | None:
    stem = path.with_suffix("")
    return next((found for suffix in SUFFIXES if (found := references.get((stem, suffix)))), None)


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)
