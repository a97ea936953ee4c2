"""A smelt that has ended goes back to work, as its client asks; OpenAI's call asks so too."""

from uuid import UUID

from api.auth.identity import Caller
from api.errors import ApiError, Code
from api.services import Services
from api.smelts.allowance import allowances, out_of_allowance
from api.smelts.notifications import notify
from api.smelts.reading import find_head
from db.accounts.api_keys import KeyNotValid
from db.smelts import control
from db.smelts.reservation import Refused

KEY_LOST = "This smelt runs on your own API key, and you have none that is valid: put one first."


def retry(shared: Services, caller: Caller, smelt_id: UUID) -> None:
    """Raises ApiError."""
    mode = find_head(shared, caller, smelt_id).mode
    try:
        with shared.database.service() as conn:
            ready = control.retry(conn, smelt_id, allowances(shared), shared.settings.content_max_age)
    except control.NotFound:
        raise ApiError(Code.NOT_FOUND) from None
    except control.NotEnded:
        raise ApiError(Code.NOT_READY, "Only a smelt that has ended can be retried.") from None
    except control.NothingToRetry:
        raise ApiError(Code.NOTHING_TO_RETRY, "Every part has completed.") from None
    except control.ContentGone:
        raise ApiError(Code.CONTENT_EXPIRED) from None
    except KeyNotValid:
        raise ApiError(Code.API_KEY_INVALID, KEY_LOST) from None
    except Refused as refused:
        raise out_of_allowance(refused) from None
    notify(shared, smelt_id, mode, ready)
