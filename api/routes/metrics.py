"""How busy it is, for Prometheus: on the public port only for those who set `SMELT_METRICS_PORT` to it."""

from fastapi import APIRouter
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0, generate_latest
from starlette.responses import PlainTextResponse, Response

from api.openapi.document import METRICS
from pipeline.metrics.registry import REGISTRY

router = APIRouter(tags=["operation"])


@router.get("/metrics", response_class=PlainTextResponse, responses=METRICS)
def metrics() -> Response:
    """How busy it is, for Prometheus."""
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_PLAIN_1_0_0)
