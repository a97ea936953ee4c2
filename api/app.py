"""The HTTP service, put together: its middleware, routes and error handlers in the order in which they act."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Security
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPBearer
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from api.crowd import Crowd
from api.errors import ApiError, on_api_error, on_http_exception, on_invalid_request
from api.examples import with_examples
from api.lingering import Lingering
from api.long_lines import LongLines
from api.metrics import Measured, Metrics
from api.openai_errors import OpenAiErrors
from api.openapi import PROBLEMS
from api.rate_headers import RateHeaders
from api.request_id import RequestId
from api.routes import (
    account,
    account_data,
    api_key,
    control,
    events,
    health,
    outputs,
    prompt_sections,
    prompts,
    smelts,
    tokens,
    transcriptions,
    webhooks,
)
from api.safety_net import SafetyNet
from api.services import opened
from api.translations import TRANSLATED, on_translated
from pipeline.settings import Settings

CLEAN_UP_SECONDS = 10.0
# FastAPI's own would put messages of exceptions, and so perhaps content, into logs and spans.
NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
DESCRIPTION = "Turns batches of recordings and notes into structured Markdown."


class SmeltApi(FastAPI):
    def openapi(self) -> dict[str, Any]:
        """The description at /openapi.json, made once."""
        if self.openapi_schema is None:
            self.openapi_schema = with_examples(super().openapi())
        return self.openapi_schema


def create_app(settings: Settings) -> FastAPI:
    """Opens nothing yet: that happens when the server starts it. Raises nothing."""
    metrics = Metrics()
    app = SmeltApi(
        title="Smelt",
        version="1",
        description=DESCRIPTION,
        lifespan=_lifespan,
        redoc_url=None,
        redirect_slashes=False,  # the address would be the Host header's
        telemetry=NO_TELEMETRY,
        form_limits={"max_files": 4, "max_fields": 16},  # an uploaded prompt has two parts
        responses=PROBLEMS,
        middleware=[
            Middleware(RequestId),
            Middleware(Measured, metrics=metrics),
            *_cors(settings),
            Middleware(RateHeaders),
            Middleware(Lingering),
            Middleware(OpenAiErrors),
            Middleware(LongLines),
            Middleware(Crowd),
            Middleware(SafetyNet),
        ],
        exception_handlers={
            ApiError: on_api_error,
            RequestValidationError: on_invalid_request,
            HTTPException: on_http_exception,
            **dict.fromkeys(TRANSLATED, on_translated),
        },
    )
    app.state.settings = settings
    app.state.metrics = metrics
    bearer = Security(HTTPBearer(auto_error=False, description="None: anonymous."))
    for module in (
        smelts,
        control,
        events,
        outputs,
        transcriptions,
        account,
        prompts,
        prompt_sections,
        tokens,
        api_key,
        account_data,
        webhooks,
    ):
        app.include_router(module.router, dependencies=[bearer])
    app.include_router(health.router)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    with opened(app.state.settings) as shared:
        app.state.services = shared
        async with shared.hub.running():
            yield
        await shared.uploads.ended(CLEAN_UP_SECONDS)


def _cors(settings: Settings) -> list[Middleware]:
    if not settings.cors_origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=[
                "Authorization",
                "Content-Type",
                "Idempotency-Key",
                "Last-Event-ID",
                "X-Request-Id",
            ],
            expose_headers=[
                "Content-Disposition",
                "Location",
                "RateLimit",
                "RateLimit-Policy",
                "Retry-After",
                "X-Request-Id",
            ],
        )
    ]
