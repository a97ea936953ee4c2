"""The built files of the page, in memory, packed once. Their names hold their digests, so they never change."""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "static"
PAGE = "index.html"
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Asset:
    media_type: str
    plain: bytes
    packed: bytes  # by gzip


def read_assets(folder: Path = FOLDER) -> dict[str, Asset]:
    """By name. Raises OSError, ValueError where the build isn't whole."""
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    return {name: _asset(folder / name, media_type) for name, media_type in manifest["files"].items()}


def _asset(path: Path, media_type: str) -> Asset:
    plain = path.read_bytes()
    return Asset(media_type, plain, gzip.compress(plain, mtime=0))
