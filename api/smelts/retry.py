"""What has ended goes back to work, a smelt or one part of it, as its client asks; OpenAI's call asks so too."""

from typing import Protocol
from uuid import UUID

from sqlalchemy import Connection

from api.auth.identity import Caller
from api.errors import ApiError, Code
from api.services import Services
from api.smelts.allowance import allowances, out_of_allowance
from api.smelts.notifications import notify
from api.smelts.reading import find_head
from db.accounts.api_keys import KeyNotValid
from db.smelts import control, part_control
from db.smelts.admission import Admitted
from db.smelts.reservation import Allowances, Refused

KEY_LOST = "This smelt runs on your own API key, and you have none that is valid: put one first."
INPUT_MISSING = "What it is made of has failed or was canceled. Retry its files."


class TakeBack(Protocol):
    """One of the functions `retry…` of `db/smelts/control.py` and `db/smelts/part_control.py`, what is meant bound."""

    def __call__(
        self, conn: Connection, *, allowances: Allowances, content_max_age_seconds: int
    ) -> Admitted: ...


def retry(shared: Services, caller: Caller, smelt_id: UUID, take_back: TakeBack) -> None:
    """Raises ApiError."""
    mode = find_head(shared, caller, smelt_id).mode
    try:
        with shared.database.service() as conn:
            ready = take_back(
                conn,
                allowances=allowances(shared),
                content_max_age_seconds=shared.settings.content_max_age,
            )
    except control.NotFound:
        raise ApiError(Code.NOT_FOUND) from None
    except control.NotEnded:
        raise ApiError(Code.NOT_READY, "Only what has ended can be retried.") from None
    except control.NothingToRetry:
        raise ApiError(Code.NOTHING_TO_RETRY, "All of it has completed.") from None
    except part_control.InputMissing:
        raise ApiError(Code.PART_FAILED, INPUT_MISSING) from None
    except control.ContentGone:
        raise ApiError(Code.CONTENT_EXPIRED) from None
    except KeyNotValid:
        raise ApiError(Code.API_KEY_INVALID, KEY_LOST) from None
    except Refused as refused:
        raise out_of_allowance(refused) from None
    notify(shared, smelt_id, mode, ready)
