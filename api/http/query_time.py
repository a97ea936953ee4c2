"""A time in a query, where clients forget that a `+` there means a space."""

import re
from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator

_OFFSET = re.compile(r"(:[0-9]{2}(?:\.[0-9]{1,9})?) ([0-9]{2}(?::?[0-9]{2})?)")


def with_plus(given: Any) -> Any:
    """`…T10:00:00 02:00` as it was meant: `…T10:00:00+02:00`."""
    if not isinstance(given, str) or len(given) > _LONGEST:
        return given
    date, space, offset = given.rpartition(" ")
    found = _OFFSET.search(given)
    return f"{date}+{offset}" if space and found and found.end() == len(given) else given


_LONGEST = 64
QueryTime = Annotated[AwareDatetime, BeforeValidator(with_plus)]
