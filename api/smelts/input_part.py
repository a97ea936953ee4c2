"""One input of a POST on its way to the content store: sniffed, limited, decoded if it is text, encrypted.

Nothing is kept but the head, until it is clear what the input is.
"""

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from uuid_utils.compat import uuid7

from api.errors import Fault, FaultCode
from api.http.filename import safe_filename
from api.smelts.multipart import PartStart
from api.smelts.new_content import NewContent, NewInput
from pipeline.content.errors import ContentError
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
    """Owns its way from the first byte to the stored object, and reports: what was received, or what is wrong with it.

    After a fault nothing of it is left behind, and nothing more may be fed. `content` None: it is checked, not stored.
    All methods raise ContentError.
    """

    def __init__(self, start: PartStart, position: int, limits: Limits, content: NewContent | None) -> None:
        self.id = uuid7()
        self.source = Source(start.name)
        self.position = position
        default = f"text-{position + 1}.txt" if self.source is Source.TEXTS else f"file-{position + 1}"
        self.filename = safe_filename(start.filename, default)
        self.size_bytes = 0
        self._content_type = start.content_type
        self._limits = limits
        self._content = content
        self._digest = sha256()
        self._head = b""
        self._kind = PASTED if self.source is Source.TEXTS else None
        self._decoder = TextDecoder()
        self._stored = 0
        self._writer: NewInput | None = None

    @property
    def digest(self) -> str:
        """SHA-256 in hex of what has been fed."""
        return self._digest.hexdigest()

    def name(self, given: str) -> None:
        """Its name, which may come after its data."""
        self.filename = safe_filename(given, self.filename)

    async def feed(self, data: bytes) -> Fault | None:
        self.size_bytes += len(data)
        self._digest.update(data)
        try:
            if self._kind is not None:
                await self._store(self._kind, data)
                return None
            self._head += data
            if len(self._head) >= HEAD_BYTES:
                await self._settle_kind()
        except ContentError:
            raise
        except SmeltError as error:
            return await self._refused(error)
        return None

    async def finish(self) -> Received | Fault:
        try:
            return await self._whole()
        except ContentError:
            raise
        except SmeltError as error:
            return await self._refused(error)

    async def refuse(self, detail: str) -> Fault:
        """What comes in its place is no input at all."""
        await self._abort()
        return Fault(FaultCode.INVALID_VALUE, detail, self.source.value, self.position)

    async def _whole(self) -> Received:
        """Raises SmeltError as `_store` does."""
        if self.size_bytes == 0:
            raise SmeltError(ErrorCode.EMPTY_INPUT)
        kind = self._kind or await self._settle_kind()
        if kind.input_type is InputType.TEXT:
            await self._write(self._decoder.finish(), self._limits.text_bytes)
        if self._writer is not None:
            await self._writer.close()
        return Received(self.id, self.position, self.filename, self.size_bytes, kind)

    async def _settle_kind(self) -> Classified:
        self._kind = kind = classify(self._head[:HEAD_BYTES], self.filename, self._content_type)
        head, self._head = self._head, b""
        await self._store(kind, head)
        return kind

    async def _store(self, kind: Classified, data: bytes) -> None:
        """Raises SmeltError: it can't be taken, or it is larger than the tier allows."""
        if kind.input_type is InputType.TEXT:
            await self._write(self._decoder.feed(data), self._limits.text_bytes)
        else:
            await self._write(data, self._limits.audio_bytes)

    async def _write(self, data: bytes, limit: int) -> None:
        self._stored += len(data)
        if self._stored > limit:
            raise SmeltError(ErrorCode.FILE_TOO_LARGE, f"This tier allows {limit:,} bytes for such an input.")
        if self._writer is None and self._content is not None:
            self._writer = self._content.input(self.id)
        if self._writer is not None and data:
            await self._writer.write(data)

    async def _refused(self, error: SmeltError) -> Fault:
        await self._abort()
        return Fault(error.code, error.detail, self.source.value, self.position, self.filename)

    async def _abort(self) -> None:
        if self._writer is not None:
            await self._writer.abort()
