"""Finding what a caller may read. Not hers and not there give the same answer."""

from dataclasses import replace
from uuid import UUID

from api.errors import ApiError
from api.identity import Caller, User
from api.services import Services
from db.content_keys import get_content_key
from db.smelts import find_queue_positions, get_smelt
from pipeline.content import Kind, ObjectName
from pipeline.errors import PUBLIC_MESSAGES
from pipeline.keyring import smelt_context
from pipeline.smelt import Smelt, SmeltFile, SmeltOutput
from pipeline.states import InputType, WorkStatus
from pipeline.transcript import Transcript


def find_smelt(shared: Services, caller: Caller, smelt_id: UUID) -> Smelt:
    """Read in the caller's own role, so that the policies decide. Raises ApiError `not_found`."""
    smelt = None
    if isinstance(caller, User):
        with shared.database.user(caller.user_id) as conn:
            smelt = get_smelt(conn, smelt_id)
    elif caller.smelt_id == smelt_id:
        with shared.database.anonymous(smelt_id) as conn:
            smelt = get_smelt(conn, smelt_id)
    if smelt is None:
        raise ApiError("not_found")
    return smelt


def queue_positions(shared: Services, smelt: Smelt) -> dict[UUID, int]:
    """Places in the queue, from 1, of the files that wait to be claimed."""
    if not any(file.status is WorkStatus.PENDING for file in smelt.files):
        return {}
    with shared.database.service() as conn:
        return find_queue_positions(conn, [smelt.id])


def content_key(shared: Services, smelt: Smelt) -> bytes:
    """The key that opens the smelt's content. Raises ApiError `content_expired`."""
    with shared.database.service() as conn:
        wrapped = get_content_key(conn, smelt.id)
    if wrapped is None:
        raise ApiError("content_expired")
    return shared.keyring.unwrap(wrapped, smelt_context(smelt.id))


def check_finished(part: SmeltFile | SmeltOutput) -> None:
    """Raises ApiError `not_ready` or `part_failed`."""
    if part.status is WorkStatus.COMPLETED:
        return
    if not part.status.terminal:
        raise ApiError("not_ready")
    if part.error_code is None:
        raise ApiError("part_failed", "This part was canceled.")
    raise ApiError("part_failed", PUBLIC_MESSAGES[part.error_code])


def read_transcript_of(shared: Services, smelt: Smelt, file: SmeltFile, key: bytes) -> Transcript:
    """What a completed file says. Raises ContentMissing, ContentUnavailable."""
    if file.input_type is InputType.TEXT:
        return Transcript.of_text(shared.content.get(ObjectName(smelt.id, file.id, Kind.INPUT), key).decode())
    name = ObjectName(smelt.id, file.id, Kind.TRANSCRIPT, file.attempt)
    return Transcript.from_json(shared.content.get(name, key))


def completed_outputs(smelt: Smelt) -> Smelt:
    """The smelt with its completed outputs only. Raises ApiError `not_ready`, `part_failed` where there are none."""
    outputs = tuple(output for output in smelt.outputs if output.status is WorkStatus.COMPLETED)
    if smelt.outputs and not outputs:
        if not smelt.status.terminal:
            raise ApiError("not_ready")
        raise ApiError("part_failed", "No output was completed.")
    return replace(smelt, outputs=outputs)
