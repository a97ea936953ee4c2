"""What the database and the content store report, as answers."""

import errno
import logging

from starlette.requests import Request
from starlette.responses import JSONResponse

from api.errors import ApiError, Code, problem
from db.accounts.profiles import UserGone
from db.session import DatabaseUnavailable, SchemaUnusable
from pipeline.content.errors import ContentMissing, ContentTampered, ContentUnavailable
from pipeline.content.keyring import KeyTampered, KeyUnknown

log = logging.getLogger("smelt.api")

RETRY_SECONDS = 5.0


TRANSLATED = (
    DatabaseUnavailable,
    ContentUnavailable,
    ContentMissing,
    ContentTampered,
    KeyUnknown,
    KeyTampered,
    UserGone,
)


def translated(error: Exception) -> ApiError:
    """One of `TRANSLATED` as an answer; what the operator must know is logged."""
    match error:
        case DatabaseUnavailable():
            return _without_database(error)
        case ContentUnavailable():
            return _without_content(error)
        case ContentMissing():
            return ApiError(Code.CONTENT_EXPIRED)
        case KeyUnknown():
            log.error("%s", error.detail)
            return _unavailable("The content's key is out of reach.")
        case ContentTampered() | KeyTampered():
            log.error("stored content, or its key, is damaged")
            return ApiError(Code.CONTENT_DAMAGED)
        case UserGone():
            return ApiError(Code.INVALID_TOKEN, "The user does not exist.")
    raise error


def _without_database(error: DatabaseUnavailable) -> ApiError:
    if isinstance(error, SchemaUnusable):
        log.error("the database's schema isn't this service's (%s): run `smelt migrate`", error)
        return _unavailable("The database's schema is not this service's.")
    log.warning("the database is out of reach: %s", error)
    return _unavailable("The database is out of reach.")


def _without_content(error: ContentUnavailable) -> ApiError:
    match error.__cause__:
        case OSError(errno=errno.EMFILE | errno.ENFILE):
            log.error("no file descriptor is left")
            return ApiError(Code.BUSY, "Too many files are open.", retry_after=RETRY_SECONDS)
    log.warning("the content store is out of reach: %s", error.detail)
    return _unavailable("The content store is out of reach.")


def _unavailable(detail: str) -> ApiError:
    return ApiError(Code.UNAVAILABLE, detail, retry_after=RETRY_SECONDS)


async def on_translated(_: Request, error: Exception) -> JSONResponse:
    return problem(translated(error))
