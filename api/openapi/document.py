"""What /openapi.json says where types alone can't: bodies that are streamed, replies that aren't JSON."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from api.errors import PROBLEM_JSON
from api.schemas.smelts import FinishedOutputs
from api.smelts.options import MAX_TTL, MAX_VOCABULARY_CHARS, MIN_TTL
from pipeline.net.webhook_url import MAX_CHARS
from pipeline.states import DefaultPromptName, SmeltMode, SpeechTask

Json = dict[str, Any]


class FaultReply(BaseModel):
    code: str
    detail: str
    field: str | None = None
    part: int | None = None
    filename: str | None = None


class ProblemReply(BaseModel):
    """RFC 9457 problem details. `code` is stable; `errors` names each bad part or field."""

    model_config = ConfigDict(title="Problem")

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FaultReply] | None = None


PROBLEMS: dict[int | str, Json] = {
    "default": {
        "description": "Any error",
        "model": ProblemReply,
        "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/ProblemReply"}}},
    }
}

IDEMPOTENCY_KEY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "description": "The same key and body within 24 hours give the same smelt; another body, 409.",
}

_STRING: Json = {"type": "string"}
_FIELDS: Json = {
    "mode": {
        "type": "string",
        "enum": [mode.value for mode in SmeltMode],
        "default": SmeltMode.SEPARATE.value,
    },
    "default_prompt_names": {
        "type": "array",
        "items": {"type": "string", "enum": [name.value for name in DefaultPromptName]},
        "description": "May be empty only where there is a recording: then its transcript is the result.",
    },
    "user_prompt_id": {"type": "string", "format": "uuid", "description": "One of the caller's own prompts."},
    "language": {
        "type": "string",
        "description": "Spoken language, such as `en`, `en-US` or `English`; else it is detected.",
    },
    "task": {
        "type": "string",
        "enum": [task.value for task in SpeechTask],
        "default": SpeechTask.TRANSCRIBE.value,
        "description": "`translate`: recordings are written down in English, where the speech model can; else"
        " `translation_unavailable`.",
    },
    "vocabulary": {
        "type": "string",
        "maxLength": MAX_VOCABULARY_CHARS,
        "description": "Names and terms that the recordings contain.",
    },
    "webhook_url": {
        "type": "string",
        "format": "uri",
        "maxLength": MAX_CHARS,
        "description": "Is told of the end, signed (Standard Webhooks) with the secret of `POST /v1/webhook-secret`.",
    },
    "content_ttl": {
        "type": "integer",
        "minimum": MIN_TTL,
        "maximum": MAX_TTL,
        "description": "Seconds that the content outlives the smelt's end.",
    },
}
_FORM: Json = {
    "type": "object",
    "properties": {
        "files": {
            "type": "array",
            "items": {"type": "string", "format": "binary"},
            "description": "Recordings or texts.",
        },
        "texts": {"type": "array", "items": _STRING, "description": "Pasted texts."},
        **_FIELDS,
    },
}
_DOCUMENT: Json = {
    "type": "object",
    "required": ["texts"],
    "properties": {
        "texts": {
            "type": "array",
            "minItems": 1,
            "items": {
                "oneOf": [
                    _STRING,
                    {
                        "type": "object",
                        "required": ["text"],
                        "properties": {"filename": _STRING, "text": _STRING},
                        "additionalProperties": False,
                    },
                ]
            },
        },
        **_FIELDS,
    },
    "additionalProperties": False,
    "example": {
        "texts": [{"filename": "standup.txt", "text": "Ann ships the report on Friday."}],
        "default_prompt_names": ["summarize", "action_items"],
    },
}

POST_BODY: Json = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": _FORM,
                "encoding": {"default_prompt_names": {"style": "form", "explode": True}},
                "example": {
                    "files": ["(the recording's bytes)"],
                    "mode": "separate",
                    "default_prompt_names": ["summarize", "action_items"],
                },
            },
            "application/json": {"schema": _DOCUMENT},
        },
    },
    "parameters": [IDEMPOTENCY_KEY],
}

_SAID = "Ann ships the report on Friday."
_MARKDOWN: Json = {"text/markdown": {"schema": _STRING, "example": f"# Summary\n\n- {_SAID}\n"}}

OK: dict[int | str, Json] = {200: {"content": {"text/plain": {"example": "ok\n"}}}}
METRICS: dict[int | str, Json] = {
    200: {
        "description": "In Prometheus's text format",
        "content": {
            "text/plain": {
                "example": 'smelt_http_requests_total{method="GET",route="/v1/usage",status="200"} 3.0\n'
            }
        },
    }
}

ONE_OUTPUT: dict[int | str, Json] = {200: {"description": "The result", "content": _MARKDOWN}}
ALL_OUTPUTS: dict[int | str, Json] = {
    200: {
        "description": "The finished results",
        "model": FinishedOutputs,
        "content": {
            **_MARKDOWN,
            "application/zip": {
                "schema": {"type": "string", "format": "binary"},
                "example": "(a zip with `001 talk.m4a/summarize.md`)",
            },
        },
    }
}
EVENTS: dict[int | str, Json] = {
    200: {
        "description": "Server-sent events: `smelt` (without its parts), `file`, `output`, `segment` (`file`, `index`,"
        " `start`, `end`, `text`, and `speaker` once that is known) as recordings are heard, and `done` with the"
        " status",
        "content": {
            "text/event-stream": {
                "schema": _STRING,
                "example": 'event: file\ndata: {"id":"…","status":"processing","progress":0.5,…}\nid: 7\n\n',
            }
        },
    }
}
_BYTES: Json = {"schema": {"type": "string", "format": "binary"}, "example": "(the recording's bytes)"}
RANGE: Json = {
    "name": "Range",
    "in": "header",
    "required": False,
    "schema": _STRING,
    "description": "Such as `bytes=1000-1999`; of several ranges at once all of it is sent.",
}
RECORDING: dict[int | str, Json] = {
    200: {"description": "The recording as it was sent", "content": {"audio/*": _BYTES}},
    206: {"description": "The range of it that was asked for", "content": {"audio/*": _BYTES}},
}
TRANSCRIPT: dict[int | str, Json] = {
    200: {
        "description": "The transcript",
        "content": {
            "text/plain": {"schema": _STRING, "example": f"{_SAID}\n"},
            "application/x-subrip": {
                "schema": _STRING,
                "example": f"1\n00:00:00,500 --> 00:00:02,900\n{_SAID}\n",
            },
            "text/vtt": {
                "schema": _STRING,
                "example": f"WEBVTT\n\n00:00:00.500 --> 00:00:02.900\n{_SAID}\n",
            },
            "application/json": {
                "schema": {"type": "object"},
                "example": {
                    "task": "transcribe",
                    "complete": True,
                    "language": "en",
                    "duration_seconds": 3.5,
                    "text": _SAID,
                    "segments": [{"id": 0, "start": 0.5, "end": 2.9, "text": _SAID}],
                    "words": [{"start": 0.5, "end": 0.8, "word": "Ann"}],
                    "unheard": [],
                    "warnings": [],
                },
            },
        },
    }
}
