"""Words of the input as Markdown that stays words: no HTML, no link or image, no block of its own."""

import re

_HTML = re.compile(r"<(?=[A-Za-z/!?])")
_BLOCK = re.compile(r"#{1,6}(?=\s|$)|>|`{3}|~{3}|[-+*](?=\s)|[-*_=]{3}|\|")


def plain(text: str) -> str:
    """A sentence or name of the input, to be read as it is written.

    A tag is opened by an entity: a backslash would itself be made harmless by one of the input's before it. Links and
    images lose their address, which stands behind the text, so that nothing is fetched and nothing runs.
    """
    text = _HTML.sub("&lt;", text).replace("](", "]\\(")
    return f"\\{text}" if _BLOCK.match(text) else text
