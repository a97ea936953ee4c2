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
from db.smelts.reads import get_head, get_task, with_parts
from pipeline.content.keyring import smelt_context
from pipeline.content.store import Kind, ObjectName
from pipeline.smelt import Smelt, SmeltFile, SmeltOutput
from pipeline.speech.kept import kept_name, read_kept
from pipeline.speech.speaker_names import names_object, read_names
from pipeline.speech.speakers import renamed
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
    raise ApiError(Code.PART_FAILED, part.error_message or "This part was canceled.")


def read_transcript_of(shared: Services, smelt_id: UUID, file: SmeltFile, key: bytes) -> Transcript:
    """What a completed file says, its speakers by the names that they were given.

    Raises ContentMissing, ContentUnavailable.
    """
    if file.input_type is InputType.TEXT:
        return Transcript.of_text(shared.content.get(ObjectName(smelt_id, file.id, Kind.INPUT), key).decode())
    name = ObjectName(smelt_id, file.id, Kind.TRANSCRIPT, file.attempt)
    transcript = Transcript.from_json(shared.content.get(name, key))
    return renamed(transcript, names_of(shared, smelt_id, file, key))


def names_of(shared: Services, smelt_id: UUID, file: SmeltFile, key: bytes) -> dict[str, str]:
    """That its speakers were given, by label. Raises ContentUnavailable, ContentTampered."""
    if file.speaker_seconds is None:
        return {}
    return read_names(shared.content, names_object(smelt_id, file.id, file.attempt), key)


def read_heard_of(shared: Services, smelt_id: UUID, file: SmeltFile, key: bytes) -> Transcript:
    """What has been heard so far of a recording that isn't completed; nothing yet of one that has just begun.

    Raises ApiError `not_ready` or `part_failed` where nothing is to be heard of it, `not_found` where the smelt has
    been deleted since; ContentMissing, ContentUnavailable.
    """
    if not file.kept and file.status is not WorkStatus.PROCESSING:
        check_finished(file)
    names = [kept_name(smelt_id, file.id, one.attempt, number) for number, one in enumerate(file.kept, 1)]
    passages = [passage for name in names for passage in read_kept(shared.content, name, key)]
    with shared.database.service() as conn:
        task = get_task(conn, smelt_id)
    if task is None:
        raise ApiError(Code.NOT_FOUND)
    return Transcript(
        tuple(segment for passage in passages for segment in passage.segments),
        duration_seconds=file.duration_seconds or (passages[-1].end if passages else 0.0),
        unheard=tuple(sorted(span for passage in passages for span in passage.unheard)),
        task=task,
    )


def completed_outputs(smelt: Smelt) -> Smelt:
    """The smelt with its completed outputs only. Raises ApiError `not_ready`, `part_failed` where there are none."""
    outputs = tuple(output for output in smelt.outputs if output.status is WorkStatus.COMPLETED)
    if smelt.outputs and not outputs:
        if not smelt.status.terminal:
            raise ApiError(Code.NOT_READY)
        raise ApiError(Code.PART_FAILED, "No output was completed.")
    return replace(smelt, outputs=outputs)
