"""A change of a user's library of prompts: its transaction, and what refuses it as answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import Connection

from api.errors import ApiError, Code, Fault, FaultCode, refusal
from api.services import Services
from db.accounts.library import LibraryFull, NotInLibrary
from db.accounts.prompts import NoSuchSection
from db.session import LockTimeout

RETRY_SECONDS = 2.0
LOCKED = "Other requests are changing your library at this moment: this one has changed nothing."


@contextmanager
def changing(shared: Services, user_id: UUID) -> Iterator[Connection]:
    """In the user's own role, so that the policies decide. Raises ApiError."""
    try:
        with shared.database.user(user_id) as conn:
            yield conn
    except NoSuchSection:
        raise refusal(
            [Fault(FaultCode.INVALID_VALUE, "There is no such section of yours.", "section_id")]
        ) from None
    except NotInLibrary as missing:
        detail = f"{len(missing.ids)} of the ids are not in your library."
        raise refusal([Fault(FaultCode.INVALID_VALUE, detail, "ids")]) from None
    except LibraryFull:
        raise ApiError(Code.LIBRARY_FULL) from None
    except LockTimeout:
        raise ApiError(Code.BUSY, LOCKED, retry_after=RETRY_SECONDS) from None
