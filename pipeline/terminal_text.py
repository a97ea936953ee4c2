"""What stands in a text for a terminal: colours, links, titles (ECMA-48); and the Ctrl-Z that ends files of DOS."""

import re

_ESC = "\x1b"
_CSI = r"\[[0-?]{0,64}[ -/]{0,8}"  # colours, moves; a last byte follows
_OSC = r"\][^\x00-\x1f\x7f]{0,2000}"  # titles, links; BEL or ESC \ follows
_CHARSET = "[()]"  # a letter or a digit follows
_WHOLE = re.compile(
    rf"\x1a|{_ESC}(?:{_CSI}[@-~]|{_OSC}(?:\x07|{_ESC}\\)|{_CHARSET}[0-9A-Z]|[=>78])", re.ASCII
)
_BEGUN = re.compile(rf"{_ESC}(?:{_CSI}|{_OSC}{_ESC}?|{_CHARSET})?\Z", re.ASCII)
_LONGEST = 2_008  # characters of a sequence


class TerminalText:
    """Leaves it out of a text that comes in chunks. An escape of no known kind stays, as does what never ends."""

    def __init__(self) -> None:
        self._begun = ""

    def feed(self, text: str, *, final: bool = False) -> str:
        text, self._begun = self._begun + text, ""
        if not final and (begun := _BEGUN.search(text, max(0, len(text) - _LONGEST))):
            text, self._begun = text[: begun.start()], text[begun.start() :]
        return _WHOLE.sub("", text)
