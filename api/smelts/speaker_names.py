"""Names that a client gives to the speakers of a recording: checked, then stored with its content."""

import unicodedata
from collections.abc import Mapping
from uuid import UUID

from api.errors import ApiError, Code, Fault, FaultCode, refusal, shown
from api.services import Services
from db.smelts.content_keys import get_content_key
from pipeline.smelt import SmeltFile
from pipeline.speech.speaker_names import MOST_NAME_CHARS, names_object, write_names
from pipeline.speech.speakers import label

_UNSEEN = ("Cc", "Cs", "Zl", "Zp")  # control characters, halves of characters, breaks of lines and paragraphs


def labels_of(file: SmeltFile) -> tuple[str, ...]:
    return tuple(label(number) for number in range(len(file.speaker_seconds or ())))


def checked_names(file: SmeltFile, names: Mapping[str, str]) -> dict[str, str]:
    """Without those that are empty. Raises ApiError `validation_failed`, every fault named."""
    known = labels_of(file)
    faults: list[Fault] = []
    given: dict[str, str] = {}
    for speaker, name in names.items():
        stripped = name.strip()
        if speaker not in known:
            detail = f"There is no such speaker. There are: {', '.join(known)}."
            faults.append(Fault(FaultCode.INVALID_VALUE, detail, field=shown(speaker) or "(unnamed)"))
        elif len(stripped) > MOST_NAME_CHARS or any(unicodedata.category(c) in _UNSEEN for c in stripped):
            detail = f"At most {MOST_NAME_CHARS} characters, in one line."
            faults.append(Fault(FaultCode.INVALID_VALUE, detail, field=speaker))
        elif stripped:
            given[speaker] = stripped
    if faults:
        raise refusal(faults)
    return given


def store_names(
    shared: Services, smelt_id: UUID, file: SmeltFile, key: bytes, names: Mapping[str, str]
) -> None:
    """Raises ApiError `content_expired`, ContentUnavailable.

    The content may have been deleted meanwhile; then nobody else would delete what came after that.
    """
    write_names(shared.content, names_object(smelt_id, file.id, file.attempt), key, names)
    with shared.database.service() as conn:
        is_there = get_content_key(conn, smelt_id) is not None
    if not is_there:
        shared.content.delete_smelt(smelt_id)
        raise ApiError(Code.CONTENT_EXPIRED)
