"""Finding what a caller may read. What is another's and what doesn't exist give the same answer."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Connection

from api.auth.identity import Caller, User
from api.errors import ApiError, Code
from api.services import Services
from api.smelts.view import View
from db.smelts.content_keys import get_content_key
from db.smelts.reads import get_head, with_parts
from pipeline.content.keyring import smelt_context
from pipeline.content.store import Kind, ObjectName
from pipeline.errors import PUBLIC_MESSAGES
from pipeline.smelt import Smelt, SmeltFile, SmeltOutput
from pipeline.speech.transcript import Transcript
from pipeline.states import InputType, WorkStatus

T = TypeVar("T")


def find_head(shared: Services, caller: Caller, smelt_id: UUID) -> Smelt:
    """The smelt without its parts, read in the caller's own role, so that the policies decide.

    Raises ApiError `not_found`.
    """
    return in_role_of(shared, caller, smelt_id, lambda conn: get_head(conn, smelt_id))


def find_smelt(shared: Services, caller: Caller, smelt_id: UUID) -> Smelt:
    """With its parts. Whether it may be seen is decided as above; below the policies its parts would take twice as
    long, since each would be asked for its smelt. Raises ApiError `not_found`.
    """
    head = find_head(shared, caller, smelt_id)
    with shared.database.service() as conn:
        return with_parts(conn, head)


def find_view(shared: Services, caller: Caller, smelt_id: UUID) -> View:
    """Raises ApiError `not_found`."""
    return current_view(shared, find_head(shared, caller, smelt_id))


def current_view(shared: Services, head: Smelt) -> View:
    """Of a smelt that the caller may see. Raises ApiError `not_found`: it has been deleted since."""
    view = shared.views.get(head)
    if view is None:
        raise ApiError(Code.NOT_FOUND)
    return view


def in_role_of(shared: Services, caller: Caller, smelt_id: UUID, read: Callable[[Connection], T | None]) -> T:
    """What `read` finds of the smelt in the caller's own role. Raises ApiError `not_found`."""
    found = None
    if isinstance(caller, User):
        with shared.database.user(caller.user_id) as conn:
            found = read(conn)
    elif caller.smelt_id == smelt_id:
        with shared.database.anonymous(smelt_id) as conn:
            found = read(conn)
    if found is None:
        raise ApiError(Code.NOT_FOUND)
    return found


def content_key(shared: Services, smelt_id: UUID) -> bytes:
    """The key that opens the smelt's content. Raises ApiError `content_expired`."""
    with shared.database.service() as conn:
        wrapped = get_content_key(conn, smelt_id)
    if wrapped is None:
        raise ApiError(Code.CONTENT_EXPIRED)
    return shared.keyring.unwrap(wrapped, smelt_context(smelt_id))


def check_finished(part: SmeltFile | SmeltOutput) -> None:
    """Raises ApiError `not_ready` or `part_failed`."""
    if part.status is WorkStatus.COMPLETED:
        return
    if not part.status.terminal:
        raise ApiError(Code.NOT_READY)
    if part.error_code is None:
        raise ApiError(Code.PART_FAILED, "This part was canceled.")
    raise ApiError(Code.PART_FAILED, PUBLIC_MESSAGES[part.error_code])


def read_transcript_of(shared: Services, smelt_id: UUID, file: SmeltFile, key: bytes) -> Transcript:
    """What a completed file says. Raises ContentMissing, ContentUnavailable."""
    if file.input_type is InputType.TEXT:
        return Transcript.of_text(shared.content.get(ObjectName(smelt_id, file.id, Kind.INPUT), key).decode())
    name = ObjectName(smelt_id, file.id, Kind.TRANSCRIPT, file.attempt)
    return Transcript.from_json(shared.content.get(name, key))


def completed_outputs(smelt: Smelt) -> Smelt:
    """The smelt with its completed outputs only. Raises ApiError `not_ready`, `part_failed` where there are none."""
    outputs = tuple(output for output in smelt.outputs if output.status is WorkStatus.COMPLETED)
    if smelt.outputs and not outputs:
        if not smelt.status.terminal:
            raise ApiError(Code.NOT_READY)
        raise ApiError(Code.PART_FAILED, "No output was completed.")
    return replace(smelt, outputs=outputs)
