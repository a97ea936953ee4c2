"""For whoever runs the service: alive, able to serve, and how busy."""

from fastapi import APIRouter
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0, generate_latest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from api.openapi import METRICS, OK
from api.services import services

router = APIRouter(tags=["operation"])


@router.get("/healthz", response_class=PlainTextResponse, responses=OK)
async def alive() -> str:
    # Without a thread: those may all be waiting for Postgres, and a restart would not help against that.
    return "ok\n"


@router.get("/readyz", response_class=PlainTextResponse, responses=OK)
def ready(request: Request) -> str:
    """503 while Postgres can't be reached. Redis may be down: posts are taken in all the same."""
    with services(request).database.service():
        return "ok\n"


@router.get("/metrics", response_class=PlainTextResponse, responses=METRICS)
def metrics(request: Request) -> Response:
    """How busy it is, for Prometheus."""
    return Response(generate_latest(request.app.state.metrics.registry), media_type=CONTENT_TYPE_PLAIN_1_0_0)
