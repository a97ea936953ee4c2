"""What stands in a text for a terminal: colours, links, titles (ECMA-48), what is struck over; and the Ctrl-Z that
ends files of DOS.
"""

import re

_ESC = "\x1b"
_CSI = r"\[[0-?]{0,64}[ -/]{0,8}"  # colours, moves; a last byte follows
_C1_CSI = r"\x9b[0-?]{1,64}"  # the same in one character, which a wrong decoding has for a quotation mark too
_STRING = r"[\]PX^_][^\x00-\x1f\x7f]{0,2000}"  # titles, links, pictures; BEL or ESC \ follows
_SHORT = r"[ -/]{1,8}"  # character sets, line heights; a last byte follows
_WHOLE = re.compile(
    rf"\x1a|{_ESC}(?:{_CSI}[@-~]|{_STRING}(?:\x07|{_ESC}\\)|{_SHORT}[0-~]|[0-OQ-WYZ\\`-~])|{_C1_CSI}[@-~]",
    re.ASCII,
)
_BEGUN = re.compile(rf"(?:{_ESC}(?:{_CSI}|{_STRING}{_ESC}?|{_SHORT})?|\x9b|{_C1_CSI})\Z", re.ASCII)
_LONGEST = 2_008  # characters of a sequence
_RUNS = re.compile("\x08+|[^\x08]+")
_REACH = 1_000  # characters back on a line that may be struck over


class TerminalText:
    """Leaves it out of a text that comes in chunks. An escape of no known kind stays, as does what never ends."""

    def __init__(self) -> None:
        self._begun = ""
        self._end = ""
        self._line: list[str] = []  # what the next chunk may strike over

    def feed(self, text: str, *, final: bool = False) -> str:
        text = self._without_escapes(self._without_end(text), final=final)
        return self._visible(text, final=final)

    def _without_end(self, text: str) -> str:
        """Without the Ctrl-Z that ends it, and the NULs that fill the last block behind it. They stay where more
        follows; of any number of NULs one is kept for that.
        """
        text, self._end = self._end + text, ""
        written = text.rstrip("\0")
        if not written.endswith("\x1a"):
            return text
        self._end = text[len(written) - 1 : len(written) + 1]
        return written[:-1]

    def _without_escapes(self, text: str, *, final: bool) -> str:
        text, self._begun = self._begun + text, ""
        if not final and (begun := _BEGUN.search(text, max(0, len(text) - _LONGEST))):
            text, self._begun = text[: begun.start()], text[begun.start() :]
        return _WHOLE.sub("", text)

    def _visible(self, text: str, *, final: bool) -> str:
        """Without what is struck over: manuals print so what is bold or underlined, and counters count."""
        shown = []
        for run in _RUNS.findall(text):
            if run[0] == "\x08":
                shown.append(run[len(self._line) :])
                del self._line[-len(run) :]
            else:
                begin = 1 + max(run.rfind("\n"), run.rfind("\0"))
                if begin:
                    shown += [*self._line, run[:begin]]
                    self._line.clear()
                self._line += run[begin:]
                if len(self._line) > _REACH:
                    shown += self._line[:-_REACH]
                    del self._line[:-_REACH]
        if final:
            shown += self._line
        return "".join(shown)
