"""The page at /: what this is, with a form that takes files. What it is made of is in `api/home/`.

Programs, which ask for JSON or for anything, are told as ever that nothing is there.
"""

from html import escape
from pathlib import Path

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.errors import ApiError, Code
from api.http.negotiation import choose
from pipeline.llm.prompts import DEFAULT_PROMPTS

router = APIRouter(include_in_schema=False)

FOLDER = Path(__file__).parent.parent / "home"
HTML, JSON = "text/html", "application/json"
# Nothing is loaded, run or asked but from here, and nothing is sent elsewhere.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
FILES = {"home.js": "text/javascript", "home.css": "text/css"}
FIRST = "summarize"  # ticked already


def _choices() -> str:
    return "\n".join(
        f'<label title="{escape(prompt.description)}"><input type="checkbox" name="default_prompt_names"'
        f' value="{prompt.name}"{" checked" if prompt.name == FIRST else ""}> {escape(prompt.title)}</label>'
        for prompt in DEFAULT_PROMPTS
    )


PAGE = (FOLDER / "page.html").read_text("utf-8").replace("<!-- prompts -->", _choices()).encode()


@router.get("/")
async def page(request: Request) -> Response:
    """For browsers, which say that they like HTML best. Raises ApiError `not_found` for all others, as ever."""
    if choose(request.headers.get("accept", ""), (JSON, HTML)) != HTML:
        raise ApiError(Code.NOT_FOUND)
    headers = {"Content-Security-Policy": POLICY, "Vary": "Accept"}
    return Response(PAGE, headers=headers, media_type=HTML)


def _add(name: str, media_type: str) -> None:
    content = (FOLDER / name).read_bytes()

    async def file() -> Response:
        return Response(content, media_type=media_type, headers={"Cache-Control": "no-cache"})

    router.add_api_route(f"/home/{name}", file, methods=["GET"])


for _name, _media_type in FILES.items():
    _add(_name, _media_type)
