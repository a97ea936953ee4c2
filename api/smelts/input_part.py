"""One input of a POST on its way to the content store: sniffed, limited, decoded if it is text, encrypted.

Nothing is kept but the head, until it is clear what the input is.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from uuid_utils.compat import uuid7

from pipeline.content.writer import ContentWriter
from pipeline.errors import SmeltError
from pipeline.limits import Limits
from pipeline.speech.sniff import HEAD_BYTES, Classified, classify
from pipeline.states import ErrorCode, InputType
from pipeline.text_input import TextDecoder


class Source(StrEnum):
    """The field that an input came in."""

    FILES = "files"
    TEXTS = "texts"
    FILE = "file"


OpenWriter = Callable[[UUID], Awaitable[ContentWriter]]
PASTED = Classified(InputType.TEXT, None)


@dataclass(frozen=True, slots=True)
class Received:
    """An input whose content is stored whole."""

    id: UUID
    position: int
    filename: str
    size_bytes: int
    kind: Classified


class InputPart:
    """`open_writer` None: the input is checked, not stored."""

    def __init__(
        self,
        source: Source,
        position: int,
        filename: str,
        *,
        content_type: str | None,
        limits: Limits,
        open_writer: OpenWriter | None,
    ) -> None:
        self.id = uuid7()
        self.source = source
        self.position = position
        self.filename = filename
        self.size_bytes = 0
        self._content_type = content_type
        self._limits = limits
        self._open_writer = open_writer
        self._digest = sha256()
        self._head = b""
        self._kind = PASTED if source is Source.TEXTS else None
        self._decoder = TextDecoder()
        self._stored = 0
        self._writer: ContentWriter | None = None

    @property
    def digest(self) -> str:
        """SHA-256 in hex of what has been fed."""
        return self._digest.hexdigest()

    async def feed(self, data: bytes) -> None:
        """Raises SmeltError: what the input is can't be taken, or it is larger than the tier allows."""
        self.size_bytes += len(data)
        self._digest.update(data)
        if self._kind is not None:
            await self._pass_on(self._kind, data)
            return
        self._head += data
        if len(self._head) >= HEAD_BYTES:
            await self._settle_kind()

    async def finish(self) -> Received:
        """Raises SmeltError as `feed` does."""
        if self.size_bytes == 0:
            raise SmeltError(ErrorCode.EMPTY_INPUT)
        kind = self._kind or await self._settle_kind()
        if kind.input_type is InputType.TEXT:
            await self._store(self._decoder.finish(), self._limits.text_bytes)
        if self._writer is not None:
            await self._writer.close()
            self._writer = None
        return Received(self.id, self.position, self.filename, self.size_bytes, kind)

    async def abort(self) -> None:
        """Leaves nothing of an unfinished input behind."""
        writer, self._writer, self._open_writer = self._writer, None, None
        if writer is not None:
            await writer.abort()

    async def _settle_kind(self) -> Classified:
        self._kind = classify(self._head[:HEAD_BYTES], self.filename, self._content_type)
        head, self._head = self._head, b""
        await self._pass_on(self._kind, head)
        return self._kind

    async def _pass_on(self, kind: Classified, data: bytes) -> None:
        if kind.input_type is InputType.TEXT:
            await self._store(self._decoder.feed(data), self._limits.text_bytes)
        else:
            await self._store(data, self._limits.audio_bytes)

    async def _store(self, data: bytes, limit: int) -> None:
        self._stored += len(data)
        if self._stored > limit:
            raise SmeltError(ErrorCode.FILE_TOO_LARGE, f"This tier allows {limit:,} bytes for such an input.")
        if self._writer is None and self._open_writer is not None:
            self._writer = await self._open_writer(self.id)
        if self._writer is not None and data:
            await self._writer.write(data)
