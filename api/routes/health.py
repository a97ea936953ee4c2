"""For whoever runs the service: alive, and able to serve."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from api.errors import ApiError, Code
from api.openapi.document import OK
from api.services import services
from api.translations import RETRY_SECONDS
from pipeline.checks import NotReady

router = APIRouter(tags=["operation"])


@router.get("/healthz", response_class=PlainTextResponse, responses=OK)
async def alive() -> str:
    # Without a thread: those may all be waiting for Postgres, and a restart would not help against that.
    return "ok\n"


@router.get("/readyz", response_class=PlainTextResponse, responses=OK)
async def ready(request: Request) -> str:
    """503 while Postgres can't be reached or doesn't let the service work (up to a second old), or the key ring doesn't
    open what is stored, or the content store doesn't take content and give it back (up to a minute old). Redis may be
    down: posts are taken in all the same.
    """
    try:
        await services(request).readiness.check()
    except NotReady as error:
        raise ApiError(Code.UNAVAILABLE, str(error), retry_after=RETRY_SECONDS) from error
    return "ok\n"
