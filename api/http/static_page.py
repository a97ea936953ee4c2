"""A page of the service's own for browsers: what it may load, and the files that it is made of."""

from collections.abc import Mapping

from fastapi import APIRouter
from starlette.responses import Response

HTML = "text/html"
# Nothing is loaded, run or asked but from here, and no other page may frame it.
_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'none'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}


def page_policy(changes: Mapping[str, str]) -> dict[str, str]:
    """The header that holds a page to the policy; `changes`: what this one needs beyond it, by directive."""
    written = "; ".join(f"{directive} {sources}" for directive, sources in {**_POLICY, **changes}.items())
    return {"Content-Security-Policy": written}


def add_file(
    router: APIRouter, path: str, content: bytes, media_type: str, headers: Mapping[str, str]
) -> None:
    async def file() -> Response:
        return Response(content, media_type=media_type, headers=dict(headers))

    router.add_api_route(path, file, methods=["GET"])
