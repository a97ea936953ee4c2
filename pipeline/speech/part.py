"""One of the recordings that follow one another in a file; mostly there is one."""

from dataclasses import dataclass

from pipeline.speech.seekable import SeekableFile
from pipeline.speech.window import Window


@dataclass(frozen=True, slots=True)
class Part:
    """A range of the file's bytes, to be opened as a recording of its own."""

    start: int
    end: int
    header: bytes = b""  # what it is opened behind
    missing_share: float = (
        0.0  # of its bytes, that its header promises beyond its end; other types' durations tell
    )
    continues: bool = False  # it follows another: no time passes between them
    resumes: bool = False  # it is read on from behind damage
    from_zero: bool = False  # its time stamps count from zero, even where nothing begins there
    breaks_off: bool = False  # it ends where more must have followed, and nothing says how much
    tail: bytes = b""  # what is put in the place of bytes that are missing behind it

    def opened(self, file: SeekableFile) -> Window:
        return Window(file, self.start, self.end, self.header, self.tail)
