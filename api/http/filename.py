"""File names as clients send them, made safe to store, show and put into an archive."""

import unicodedata

MAX_CHARS = 255
MAX_RAW_CHARS = (
    512  # normalizing takes time that grows with the square of a run of combining marks: 1 ms for these
)
_RAW_END = 32  # of a longer name's end, where its suffix is

_UNSAFE_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}  # control, format (bidi too), no character


def safe_filename(given: str | None, default: str) -> str:
    """The last step of the path that was given, without what can't be seen; `default` if nothing is left."""
    if given is None:
        return default
    name = visible_line(unicodedata.normalize("NFC", _cut(_last_step(given))))
    return default if name.strip(". ") == "" else _shortened(name)


def _last_step(path: str) -> str:
    return path[max(path.rfind("/"), path.rfind("\\")) + 1 :]


def _cut(name: str) -> str:
    if len(name) <= MAX_RAW_CHARS:
        return name
    return name[: MAX_RAW_CHARS - _RAW_END] + name[-_RAW_END:]


def visible_line(text: str) -> str:
    """The text as one line, without what can't be seen; empty if nothing is left."""
    visible = "".join(char for char in text if unicodedata.category(char) not in _UNSAFE_CATEGORIES)
    return " ".join(visible.split())


def _shortened(name: str) -> str:
    if len(name) <= MAX_CHARS:
        return name
    stem, dot, suffix = name.rpartition(".")
    if not stem or len(suffix) > 16:
        return name[:MAX_CHARS]
    return stem[: MAX_CHARS - len(suffix) - 1] + dot + suffix
