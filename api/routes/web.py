"""The page at `/`, and the files that it is made of.

Programs, which ask for JSON or for anything, are told that nothing is there, and where something is.
"""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.errors import ApiError, Code
from api.http.negotiation import choose
from api.http.static_page import HTML, page_policy
from api.web.assets import PAGE, Asset, read_assets

router = APIRouter(include_in_schema=False)

JSON = "application/json"
NO_PAGE = "This is Smelt's API: /docs describes it, and a browser gets a page here."
FOR_EVER = "public, max-age=31536000, immutable"
HEADERS = {
    **page_policy(
        {
            "img-src": "'self'",
            "media-src": "'self' blob:",  # a recording's length is looked at before it is sent
            "require-trusted-types-for": "'script'",
            "trusted-types": "dompurify",
        }
    ),
    "Cache-Control": "no-cache",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Vary": "Accept, Accept-Encoding",
}

_assets = read_assets()
_page = _assets.pop(PAGE)


@router.get("/")
async def page(request: Request) -> Response:
    """For browsers, which say that they like HTML best. Raises ApiError `not_found` for all others."""
    if choose(request.headers.get("accept", ""), (JSON, HTML)) != HTML:
        raise ApiError(Code.NOT_FOUND, NO_PAGE)
    return _reply(request, _page, HEADERS)


@router.get("/web/{name}")
async def asset(request: Request, name: str) -> Response:
    found = _assets.get(name)
    if found is None:
        raise ApiError(Code.NOT_FOUND)
    return _reply(request, found, {"Cache-Control": FOR_EVER, "Vary": "Accept-Encoding"})


def _reply(request: Request, asset: Asset, headers: dict[str, str]) -> Response:
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(asset.packed, 200, {**headers, "Content-Encoding": "gzip"}, asset.media_type)
    return Response(asset.plain, 200, headers, asset.media_type)
