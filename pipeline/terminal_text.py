"""What stands in a text for a terminal: colours, links, titles (ECMA-48), what is struck over; and the Ctrl-Z that
ends files of DOS.
"""

import re

_ESC = "\x1b"
_CSI = r"\[[0-?]{0,64}[ -/]{0,8}"  # colours, moves; a last byte follows
_STRING = r"[\]PX^_][^\x00-\x1f\x7f]{0,2000}"  # titles, links, pictures; BEL or ESC \ follows
_SHORT = r"[ -/]{1,8}"  # character sets, line heights; a last byte follows
_WHOLE = re.compile(
    rf"\x1a|{_ESC}(?:{_CSI}[@-~]|{_STRING}(?:\x07|{_ESC}\\)|{_SHORT}[0-~]|[0-OQ-WYZ\\`-~])", re.ASCII
)
_BEGUN = re.compile(rf"{_ESC}(?:{_CSI}|{_STRING}{_ESC}?|{_SHORT})?\Z", re.ASCII)
_LONGEST = 2_008  # characters of a sequence
_STRUCK_OVER = re.compile(
    "[^\0\n\x08]\x08"
)  # as manuals print what is bold or underlined, and counters count


class TerminalText:
    """Leaves it out of a text that comes in chunks. An escape of no known kind stays, as does what never ends."""

    def __init__(self) -> None:
        self._begun = ""
        self._last = ""  # the next chunk may strike it over

    def feed(self, text: str, *, final: bool = False) -> str:
        return self._visible(self._without_escapes(text, final=final), final=final)

    def _without_escapes(self, text: str, *, final: bool) -> str:
        text, self._begun = self._begun + text, ""
        if not final and (begun := _BEGUN.search(text, max(0, len(text) - _LONGEST))):
            text, self._begun = text[: begun.start()], text[begun.start() :]
        return _WHOLE.sub("", text)

    def _visible(self, text: str, *, final: bool) -> str:
        text, self._last = self._last + text, ""
        if not final and text and text[-1] not in "\n\x08":
            text, self._last = text[:-1], text[-1]
        return _STRUCK_OVER.sub("", text)
