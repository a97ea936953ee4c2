"""Whether a speech model translates into English, as far as that can be told without loading it."""

import json
import re
from pathlib import Path

# By their names: models of English alone, and those that know many languages, but were never taught to translate
_NEVER = re.compile(r"\.en\b|distil|turbo", re.IGNORECASE)
_MULTILINGUAL_TOKENS = 51_865  # in the vocabulary, by which CTranslate2 knows those of many languages


def translates(model: str) -> bool | None:
    """`model`: a name, or a folder in CTranslate2's format. None: it lies on another machine, or can't be read here;
    whoever loads it tells.
    """
    folder = Path(model)
    if _NEVER.search(folder.name):
        return False
    if folder.is_dir():
        return _is_multilingual(folder)
    return None if folder.is_absolute() else True


def _is_multilingual(folder: Path) -> bool | None:
    try:
        for vocabulary in folder.glob("vocabulary.*"):
            text = vocabulary.read_text("utf-8")
            words = json.loads(text) if vocabulary.suffix == ".json" else text.removesuffix("\n").split("\n")
            return len(words) >= _MULTILINGUAL_TOKENS
    except (OSError, ValueError):
        return None
    return None
