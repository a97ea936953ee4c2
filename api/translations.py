"""What the database and the content store report, as answers."""

import logging

from starlette.requests import Request
from starlette.responses import JSONResponse

from api.errors import ApiError, problem
from db.session import DatabaseUnavailable
from pipeline.content_errors import ContentError

log = logging.getLogger("smelt.api")

RETRY_SECONDS = 5.0


async def on_database_unavailable(_: Request, error: DatabaseUnavailable) -> JSONResponse:
    log.warning("the database is out of reach: %s", error)
    return problem(ApiError("unavailable", "The database is out of reach.", retry_after=RETRY_SECONDS))


async def on_content_unavailable(_: Request, __: ContentError) -> JSONResponse:
    log.warning("the content store is out of reach")
    return problem(ApiError("unavailable", "The content store is out of reach.", retry_after=RETRY_SECONDS))


async def on_content_missing(_: Request, __: ContentError) -> JSONResponse:
    return problem(ApiError("content_expired"))


async def on_user_gone(_: Request, _error: Exception) -> JSONResponse:
    return problem(ApiError("invalid_token", "The user does not exist."))
