"""The page at /docs: Swagger UI, from files that come along (`api/openapi/swagger_ui/`), so that it needs no
other server.
"""

from pathlib import Path

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from api.http.static_page import HTML, add_file, page_policy

router = APIRouter(include_in_schema=False)

FOLDER = Path(__file__).parent.parent / "openapi" / "swagger_ui"
HEADERS = page_policy({"img-src": "'self' data:"})  # its style sheets have their arrows in data: URLs
# The files' addresses are relative: the service may stand below a path of a proxy's.
PAGE = b"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Smelt's API</title>
<link rel="icon" type="image/png" href="docs/favicon.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
START = (
    b'SwaggerUIBundle({url: "openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null});\n'
)
KEPT = {"Cache-Control": "public, max-age=3600"}
PACKED = {**KEPT, "Content-Encoding": "gzip"}  # as they are stored; every browser unpacks them

FILES = {
    "start.js": (START, "text/javascript", KEPT),
    "favicon.png": ((FOLDER / "favicon-32x32.png").read_bytes(), "image/png", KEPT),
    "swagger-ui.css": ((FOLDER / "swagger-ui.css.gz").read_bytes(), "text/css", PACKED),
    "swagger-ui-bundle.js": ((FOLDER / "swagger-ui-bundle.js.gz").read_bytes(), "text/javascript", PACKED),
}


@router.get("/docs")
async def page() -> Response:
    return Response(PAGE, headers=HEADERS, media_type=HTML)


@router.get("/docs/")
async def page_without_slash() -> Response:
    return RedirectResponse("../docs")  # relative, so that it names no host


for _name, _file in FILES.items():
    add_file(router, f"/docs/{_name}", *_file)
