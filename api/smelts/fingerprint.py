"""Whether two requests with one idempotency key ask for the same."""

import hmac
import json
import re
from collections.abc import Sequence
from hashlib import sha256

from api.errors import ApiError, Code, Fault, FaultCode
from api.smelts.input_part import InputPart
from api.smelts.options import Form

VISIBLE_ASCII = re.compile(r"[\x21-\x7e]{1,255}")


def idempotency_key(given: Sequence[str]) -> str | None:
    """The header's value. Raises ApiError `validation_failed`."""
    if not given:
        return None
    if len(given) > 1 or not VISIBLE_ASCII.fullmatch(given[0]):
        detail = "Idempotency-Key must be 1 to 255 visible ASCII characters, given once."
        raise ApiError(
            Code.VALIDATION_FAILED,
            detail,
            faults=[Fault(FaultCode.INVALID_VALUE, detail, field="Idempotency-Key")],
        )
    return given[0]


def fingerprint(key: bytes, tenant: str, form: Form, parts: Sequence[InputPart]) -> bytes:
    """HMAC-SHA256 over what was sent: each input's field, name and content in order, and the fields by name.

    The boundary, the order of the fields and the chunks in which all that came make no difference.
    """
    inputs = [[part.source, part.filename, part.digest] for part in parts]
    canonical = json.dumps([tenant, sorted(form.values.items()), inputs], ensure_ascii=True)
    return hmac.new(key, canonical.encode(), sha256).digest()
