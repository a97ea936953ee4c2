"""The page at /: what this is, with a form that takes files. What it is made of is in `api/home/`.

Programs, which ask for JSON or for anything, are told as ever that nothing is there, and where something is.
"""

from html import escape
from pathlib import Path

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.errors import ApiError, Code
from api.http.negotiation import choose
from api.http.static_page import HTML, add_file, page_policy
from pipeline.llm.prompts import DEFAULT_PROMPTS

router = APIRouter(include_in_schema=False)

FOLDER = Path(__file__).parent.parent / "home"
JSON = "application/json"
HEADERS = {**page_policy({"form-action": "'self'"}), "Vary": "Accept"}
FILES = {"home.js": "text/javascript", "home.css": "text/css"}
NO_PAGE = "This is Smelt's API: /docs describes it, and a browser gets a form here."
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
        raise ApiError(Code.NOT_FOUND, NO_PAGE)
    return Response(PAGE, headers=HEADERS, media_type=HTML)


for _name, _media_type in FILES.items():
    add_file(
        router, f"/home/{_name}", (FOLDER / _name).read_bytes(), _media_type, {"Cache-Control": "no-cache"}
    )
