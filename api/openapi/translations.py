"""What /openapi.json says of OpenAI's call that translates: as of the other one, with fewer fields."""

from typing import Any

from api.openai.options import TRANSLATION_FORMATS
from api.openapi.transcriptions import TRANSCRIPTION_BODY, TRANSCRIPTION_REPLY

Json = dict[str, Any]

_CONTENT: Json = TRANSCRIPTION_BODY["requestBody"]["content"]["multipart/form-data"]
_FIELDS: Json = _CONTENT["schema"]["properties"]
_FORMATS: Json = {
    "type": "string",
    "enum": list(TRANSLATION_FORMATS),
    "default": TRANSLATION_FORMATS[0].value,
}

TRANSLATION_BODY: Json = {
    **TRANSCRIPTION_BODY,
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                **_CONTENT,
                "schema": {
                    **_CONTENT["schema"],
                    "properties": {
                        **{name: _FIELDS[name] for name in ("file", "model", "prompt", "temperature")},
                        "response_format": _FORMATS,
                    },
                },
            }
        },
    },
}
TRANSLATION_REPLY: dict[int | str, Json] = {
    **TRANSCRIPTION_REPLY,
    200: {
        **TRANSCRIPTION_REPLY[200],
        "description": "What is said, in English; `translation_unavailable` where the speech model doesn't translate.",
        "content": {
            media_type: content
            for media_type, content in TRANSCRIPTION_REPLY[200]["content"].items()
            if media_type != "text/event-stream"
        },
    },
}
