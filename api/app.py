"""The HTTP service, put together: its middleware, routes and error handlers in the order in which they act."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Security
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPBearer
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.errors import ApiError, on_api_error, on_http_exception, on_invalid_request
from api.middleware.address_rate import AddressRate
from api.middleware.catch_all_errors import CatchAllErrors
from api.middleware.concurrency_limit import ConcurrencyLimit, Places
from api.middleware.cors import Cors
from api.middleware.head import Head
from api.middleware.lingering_close import LingeringClose
from api.middleware.long_lines import LongLines
from api.middleware.metrics import Measured
from api.middleware.rate_headers import RateHeaders
from api.middleware.request_id import RequestId
from api.middleware.security_headers import SecurityHeaders
from api.middleware.trailing_slash import TrailingSlash
from api.openai.errors import OpenAiErrors
from api.openapi.document import PROBLEMS
from api.openapi.examples import with_examples
from api.routes import (
    account,
    account_data,
    api_key,
    audio,
    control,
    docs,
    events,
    health,
    machine_tokens,
    metrics,
    models,
    outputs,
    part_control,
    prompt_sections,
    prompts,
    session,
    smelts,
    speakers,
    transcriptions,
    web,
    webhooks,
)
from api.server.connections import Connections
from api.services import opened
from api.translations import TRANSLATED, on_translated
from pipeline.net.networks import networks
from pipeline.processes.descriptors import descriptor_limit
from pipeline.settings import Settings
from pipeline.tracing import spans

log = logging.getLogger("smelt.api")

CLEAN_UP_SECONDS = 10.0
# FastAPI's own would put messages of exceptions, and so perhaps content, into its logs.
NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
UNTRACED = ("/healthz", "/readyz", "/metrics")  # asked every few seconds, of nobody's work
DESCRIPTION = "Turns batches of recordings and notes into structured Markdown."


class SmeltApi(FastAPI):
    """Describes itself once, in a thread: it takes half a second, for which all others would wait."""

    def setup(self) -> None:
        self._described: bytes | None = None
        self._describing = asyncio.Lock()

        async def answer(_: Request) -> Response:
            return Response(await self.described(), media_type="application/json")

        self.add_route("/openapi.json", answer, include_in_schema=False)
        super().setup()

    async def described(self) -> bytes:
        """What /openapi.json answers."""
        async with self._describing:
            if self._described is None:
                self._described = await asyncio.to_thread(lambda: bytes(JSONResponse(self.openapi()).body))
            return self._described

    def openapi(self) -> dict[str, Any]:
        """The description at /openapi.json, made once."""
        if self.openapi_schema is None:
            self.openapi_schema = with_examples(super().openapi())
        return self.openapi_schema


def create_app(settings: Settings) -> SmeltApi:
    """Opens nothing yet: that happens when the server starts it. Raises nothing."""
    proxies = networks(settings.trusted_proxies)
    limits = settings.concurrency_limits.within(descriptor_limit())
    places = Places(limits.kinds)
    app = SmeltApi(
        title="Smelt",
        version="1",
        description=DESCRIPTION,
        lifespan=_lifespan,
        docs_url=None,  # FastAPI's page loads its scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,  # the address would be the Host header's
        telemetry=_telemetry(),
        form_limits={"max_files": 4, "max_fields": 16},  # an uploaded prompt has two parts
        responses=PROBLEMS,
        middleware=[
            Middleware(RequestId),
            Middleware(SecurityHeaders),
            Middleware(TrailingSlash),
            Middleware(Measured),
            Middleware(
                AddressRate,
                proxies=proxies,
                forwarded_header=settings.forwarded_header,
                rate_address=settings.rate_address,
            ),
            *_cors(settings),
            Middleware(RateHeaders),
            Middleware(LingeringClose),
            Middleware(OpenAiErrors),
            Middleware(LongLines),
            Middleware(
                ConcurrencyLimit,
                places=places,
                proxies=proxies,
                forwarded_header=settings.forwarded_header,
            ),
            Middleware(CatchAllErrors),
            Middleware(Head),
        ],
        exception_handlers={
            ApiError: on_api_error,
            RequestValidationError: on_invalid_request,
            HTTPException: on_http_exception,
            **dict.fromkeys(TRANSLATED, on_translated),
        },
    )
    app.state.settings = settings
    app.state.limits = limits
    app.state.places = places
    app.state.connections = Connections(
        limits.connections,
        proxies,
        slowest_reader=settings.slowest_reader,
        rate_address=settings.rate_address,
    )
    bearer = Security(HTTPBearer(auto_error=False, description="None: anonymous."))
    for module in (
        smelts,
        control,
        part_control,
        events,
        outputs,
        audio,
        speakers,
        transcriptions,
        models,
        account,
        prompts,
        prompt_sections,
        machine_tokens,
        api_key,
        account_data,
        webhooks,
    ):
        app.include_router(module.router, dependencies=[bearer])
    app.include_router(health.router)
    app.include_router(docs.router)
    app.include_router(session.router)
    if settings.web:
        app.include_router(web.router)
    if settings.metrics_public:
        app.include_router(metrics.router)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    log.info("limits: %s; file descriptors: %d", app.state.limits, descriptor_limit())
    with opened(app.state.settings) as shared:
        app.state.services, app.state.loop = shared, asyncio.get_running_loop()
        async with shared.hub.running(), app.state.connections.watched():
            yield
        await shared.uploads.ended(CLEAN_UP_SECONDS)


def _telemetry() -> TelemetryConfig:
    """A span for each request, where this process traces; what of it leaves is `pipeline/tracing/`'s to say."""
    provider = spans.provider()
    if provider is None:
        return NO_TELEMETRY
    return {
        **NO_TELEMETRY,
        "tracing": True,
        "operation_spans": False,
        "tracer_provider": provider,
        "exclude": lambda scope: scope["path"] in UNTRACED,
    }


def _cors(settings: Settings) -> list[Middleware]:
    return [Middleware(Cors, origins=settings.cors_origins)] if settings.cors_origins else []
