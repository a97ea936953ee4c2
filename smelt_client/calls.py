"""What the service is asked, and how its replies are read: one function a call, without any transport."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Literal, TypedDict, TypeVar
from uuid import UUID

import httpx2
from pydantic import BaseModel

from smelt_client.causes import address_of, is_page, not_the_service
from smelt_client.errors import Unreachable
from smelt_client.models import (
    AcceptedSmelt,
    DefaultPrompt,
    DefaultPrompts,
    DeletionReceipt,
    SmeltPage,
    SmeltReply,
    SpeakerNames,
    SpeakersReply,
    UsageReply,
)

T = TypeVar("T")
Model = TypeVar("Model", bound=BaseModel)

SMELTS = "/v1/smelts"
MARKDOWN = "text/markdown"
LARGEST_PAGE = 100
TranscriptFormat = Literal["txt", "srt", "vtt", "json"]


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """`read`: raises ValueError for what the service can't have answered.

    `repeatable`: sent twice it has the same effect, so that a lost answer does no harm. `body`: what
    isn't set in it isn't sent.
    """

    method: str
    path: str
    read: Callable[[bytes], T]
    repeatable: bool = True
    body: BaseModel | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def request(
        self, http: httpx2.Client | httpx2.AsyncClient, silence: float | None = None
    ) -> httpx2.Request:
        """`silence`: seconds without a byte that are borne; None: as many as of any call."""
        timeout = http.timeout if silence is None else httpx2.Timeout(silence, connect=http.timeout.connect)
        content = None if self.body is None else self.body.model_dump_json(exclude_unset=True).encode()
        typed = {} if content is None else {"Content-Type": "application/json"}
        return http.build_request(
            self.method,
            self.path,
            params=dict(self.params),
            headers=typed | dict(self.headers),
            content=content,
            timeout=timeout,
        )

    def result(self, reply: httpx2.Response) -> T:
        """Of a reply that has been read. Raises Unreachable for what the service can't have answered."""
        if not is_page(reply):
            with suppress(ValueError):  # pydantic's and UnicodeDecodeError are such
                return self.read(reply.content)
        raise Unreachable(reply.status_code, detail=not_the_service(reply), address=address_of(reply.request))


class Filters(TypedDict, total=False):
    """Of a list; times with their zone."""

    status: str | None
    mode: str | None
    created_after: datetime | None
    created_before: datetime | None


def post() -> Call[AcceptedSmelt]:
    """What goes with it is a form: `smelt_client/submission.py`."""
    return Call("POST", SMELTS, _model(AcceptedSmelt))


def get(smelt_id: UUID) -> Call[SmeltReply]:
    return Call("GET", f"{SMELTS}/{smelt_id}", _model(SmeltReply))


def page(most: int, cursor: str | None, filters: Filters) -> Call[SmeltPage]:
    asked = {"limit": min(most, LARGEST_PAGE), "cursor": cursor, **filters}
    params = {
        name: value.isoformat() if isinstance(value, datetime) else str(value)
        for name, value in asked.items()
        if value is not None
    }
    return Call("GET", SMELTS, _model(SmeltPage), params=params)


def cancel(smelt_id: UUID) -> Call[SmeltReply]:
    return Call("POST", f"{SMELTS}/{smelt_id}/cancel", _model(SmeltReply), repeatable=False)


def retry(smelt_id: UUID) -> Call[SmeltReply]:
    return Call("POST", f"{SMELTS}/{smelt_id}/retry", _model(SmeltReply), repeatable=False)


def cancel_file(smelt_id: UUID, file_id: UUID) -> Call[SmeltReply]:
    return _of_part(smelt_id, "files", file_id, "cancel")


def retry_file(smelt_id: UUID, file_id: UUID) -> Call[SmeltReply]:
    return _of_part(smelt_id, "files", file_id, "retry")


def cancel_output(smelt_id: UUID, output_id: UUID) -> Call[SmeltReply]:
    return _of_part(smelt_id, "outputs", output_id, "cancel")


def retry_output(smelt_id: UUID, output_id: UUID) -> Call[SmeltReply]:
    return _of_part(smelt_id, "outputs", output_id, "retry")


def delete(smelt_id: UUID) -> Call[None]:
    return removal(f"{SMELTS}/{smelt_id}")


def removal(path: str) -> Call[None]:
    """Not repeatable: the second time nothing would be found."""
    return Call("DELETE", path, lambda _: None, repeatable=False)


def delete_content(smelt_id: UUID) -> Call[DeletionReceipt]:
    return Call("DELETE", f"{SMELTS}/{smelt_id}/content", _model(DeletionReceipt))


def results(smelt_id: UUID, media_type: str) -> Call[bytes]:
    return Call("GET", f"{SMELTS}/{smelt_id}/outputs", bytes, headers={"Accept": media_type})


def output(smelt_id: UUID, output_id: UUID) -> Call[str]:
    return Call("GET", f"{SMELTS}/{smelt_id}/outputs/{output_id}", bytes.decode)


def transcript(smelt_id: UUID, file_id: UUID, form: TranscriptFormat) -> Call[str]:
    path = f"{SMELTS}/{smelt_id}/files/{file_id}/transcript"
    return Call("GET", path, bytes.decode, params={"format": form})


def speakers(smelt_id: UUID, file_id: UUID) -> Call[SpeakersReply]:
    return Call("GET", _speakers_path(smelt_id, file_id), _model(SpeakersReply))


def name_speakers(smelt_id: UUID, file_id: UUID, names: Mapping[str, str]) -> Call[SpeakersReply]:
    body = SpeakerNames(dict(names))
    return Call("PUT", _speakers_path(smelt_id, file_id), _model(SpeakersReply), body=body)


def usage() -> Call[UsageReply]:
    return Call("GET", "/v1/usage", _model(UsageReply))


def default_prompts() -> Call[list[DefaultPrompt]]:
    return Call("GET", "/v1/default-prompts", lambda body: DefaultPrompts.model_validate_json(body).items)


def _speakers_path(smelt_id: UUID, file_id: UUID) -> str:
    return f"{SMELTS}/{smelt_id}/files/{file_id}/speakers"


def _of_part(smelt_id: UUID, kind: str, part_id: UUID, what: str) -> Call[SmeltReply]:
    return Call("POST", f"{SMELTS}/{smelt_id}/{kind}/{part_id}/{what}", _model(SmeltReply), repeatable=False)


def _model(model: type[Model]) -> Callable[[bytes], Model]:
    return model.model_validate_json
