"""One POST while it streams in: inputs go to the content store as they arrive, fields into a form.

Whatever is wrong with a part is noted and the reading goes on, so that the answer names every bad part. Two
things end it at once, because what follows only costs: an input over its size, and more inputs than the tier
allows.
"""

from collections.abc import AsyncIterator, Awaitable, Callable

from starlette.requests import Request

from api.errors import ApiError, Code, Fault, FaultCode, refusal
from api.http.body import chunks
from api.smelts.input_part import InputPart, Received
from api.smelts.json_body import JsonEvent, PartNamed, PartRefused, json_events
from api.smelts.multipart import PartData, PartEnd, PartStart, boundary_of, events
from api.smelts.new_content import NewContent
from api.smelts.options import MAX_FIELDS, FieldValue, Form, too_many_fields
from api.smelts.upload_schema import UploadSchema
from pipeline.limits import Limits
from pipeline.states import ErrorCode

OVERHEAD_BYTES = 4_000_000  # what boundaries, part headers and fields may add to the inputs
SLICE_BYTES = 16 * 1024  # parsed without a pause for the event loop: a few milliseconds at the worst


class Intake:
    """What a POST brings. `content`: where its inputs are stored; None: they are compared, not stored.

    `pause`: awaited after each slice, so that others have the event loop.
    """

    def __init__(
        self,
        schema: UploadSchema,
        limits: Limits,
        json_bytes: int,
        content: NewContent | None,
        pause: Callable[[], Awaitable[None]],
    ) -> None:
        self.form = Form(schema.fields)
        self.parts: list[InputPart] = []
        self.received: list[Received] = []
        self._schema = schema
        self._limits = limits
        self._json_bytes = json_bytes
        self._content = content
        self._pause = pause
        self._fields = 0
        self._misplaced: list[str] = []  # fields that hold a file and aren't known
        self._bytes = 0
        self._current: InputPart | FieldValue | PartStart | None = (
            None  # PartStart: an input, or an empty one
        )

    async def read(self, request: Request) -> None:
        """To the body's end. Raises ApiError, ClientDisconnect; `form.faults` says what else is wrong."""
        content_type = request.headers.get("content-type", "")
        media_type = content_type.partition(";")[0].strip().lower()
        if media_type == "multipart/form-data":
            most, refused = self._limits.smelt_bytes + OVERHEAD_BYTES, self._too_much
            body: AsyncIterator[JsonEvent] = events(
                self._bounded(request, most, refused), boundary_of(content_type)
            )
        elif media_type == "application/json" and self._schema.json:
            most, refused = self._most_json(), self._too_much_json
            body = json_events(self._bounded(request, most, refused), self.form, self._limits.inputs)
        else:
            raise ApiError(Code.UNSUPPORTED_MEDIA_TYPE, f"Send {self._schema.media_types}.")
        async for event in body:
            await self._on(event)
        if not self.parts:  # else what isn't known is passed over, as a file too
            self._refuse_misplaced()

    def _most_json(self) -> int:
        """Bytes of a JSON body, which may write any character as six."""
        limits = self._limits
        return min(self._json_bytes, 6 * min(limits.inputs * limits.text_bytes, limits.smelt_bytes) + 100_000)

    async def _bounded(
        self, request: Request, most: int, refused: Callable[[], ApiError]
    ) -> AsyncIterator[bytes]:
        """In slices, each after a pause for the event loop; staged before anything of them is stored."""
        declared = request.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > most:
            raise refused()
        read = 0
        async for chunk in chunks(request):
            read += len(chunk)
            if read > most:
                raise refused()
            if self._content is not None:
                await self._content.staged.add(len(chunk))
            for start in range(0, len(chunk), SLICE_BYTES):
                yield chunk[start : start + SLICE_BYTES]
                await self._pause()

    async def _on(self, event: JsonEvent) -> None:
        match event:
            case PartStart():
                self._begin(event)
            case PartData():
                await self._take(event.data)
            case PartNamed():
                if isinstance(self._current, InputPart):
                    self._current.name(event.filename)
            case PartRefused():
                if isinstance(self._current, InputPart):
                    self._note(await self._current.refuse(event.detail))
            case PartEnd():
                await self._end()

    def _begin(self, start: PartStart) -> None:
        is_input = start.name in self._schema.sources
        if is_input and start.filename != "":
            self._begin_input(start)
            return
        self._fields += 1
        if self._fields > MAX_FIELDS:
            raise too_many_fields(self.form)
        if is_input:
            self._current = start  # a browser's file input in which nothing was chosen, unless data comes
        elif start.filename and not self.form.fields.know(start.name):
            self._misplaced.append(start.name)
            if not self.form.fields.others_ignored:
                self._refuse_misplaced()
        else:
            self._current = FieldValue(self.form, start.name)

    def _refuse_misplaced(self) -> None:
        detail = f"Send files in `{self._schema.file_field}`; this field takes none."
        for name in self._misplaced:
            self.form.unknown(name, detail)
        self._misplaced.clear()

    async def _take(self, data: bytes) -> None:
        if isinstance(self._current, PartStart) and data:
            self._begin_input(self._current)
        if isinstance(self._current, InputPart):
            self._note(await self._current.feed(data))
            self._bytes += len(data)
            if self._bytes > self._limits.smelt_bytes:
                raise self._too_much()
        elif isinstance(self._current, FieldValue):
            self._current.feed(data)

    async def _end(self) -> None:
        current, self._current = self._current, None
        if isinstance(current, InputPart):
            self._note(await current.finish())
        elif isinstance(current, FieldValue):
            current.finish()

    def _begin_input(self, start: PartStart) -> None:
        position = len(self.parts)
        if self._schema.one_input and position > 0:
            fault = Fault(FaultCode.TOO_MANY_INPUTS, "This call takes one file.", field=start.name)
            raise refusal([*self.form.faults, fault])
        if position >= self._limits.inputs:
            raise self._too_many()
        content = None if self.form.faults else self._content
        self._current = InputPart(start, position, self._limits, content)
        self.parts.append(self._current)

    def _note(self, report: Received | Fault | None) -> None:
        """What a part reports; raises at once if it is too large."""
        if isinstance(report, Received):
            self.received.append(report)
        elif report is not None:
            self._current = None  # what still comes of the part is dropped
            self.form.faults.append(report)
            if report.code is ErrorCode.FILE_TOO_LARGE:
                raise refusal(self.form.faults)

    def _too_much(self) -> ApiError:
        detail = f"All inputs together may have {self._limits.smelt_bytes:,} bytes on this tier."
        field = self._schema.file_field if self._schema.one_input else None
        return self._too_long(refusal([*self.form.faults, Fault(Code.FILE_TOO_LARGE, detail, field)]))

    def _too_much_json(self) -> ApiError:
        return self._too_long(
            ApiError(Code.FILE_TOO_LARGE, f"A body may have {self._most_json():,} bytes here.")
        )

    def _too_long(self, error: ApiError) -> ApiError:
        return error if self._content is not None else ApiError(Code.IDEMPOTENCY_KEY_REUSED)

    def _too_many(self) -> ApiError:
        if not self._limits.combine:
            return ApiError(Code.SIGN_IN_REQUIRED, "Sign in to send several inputs at once.")
        detail = f"At most {self._limits.inputs} inputs on this tier."
        return refusal([*self.form.faults, Fault(FaultCode.TOO_MANY_INPUTS, detail, field="files")])
