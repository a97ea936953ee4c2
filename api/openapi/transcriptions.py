"""What /openapi.json says of OpenAI's call: its body is streamed, its replies come in five formats."""

from typing import Any

from api.openai.options import CHUNKING, CHUNKING_FIELDS, GRANULARITIES, Granularity, ResponseFormat
from api.openapi.document import IDEMPOTENCY_KEY
from api.smelts.options import MAX_FIELD_BYTES, MAX_VOCABULARY_CHARS

Json = dict[str, Any]

_STRING: Json = {"type": "string"}
_IGNORED = "Taken and not used: the operator chooses the model."
_UNCHUNKED = "Taken and not used: recordings are cut at silence."

TRANSCRIPTION_BODY: Json = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "description": "Other fields, such as OpenAI's newer ones, are taken and not used.",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "One recording."},
                        "model": {**_STRING, "description": _IGNORED},
                        "language": {
                            **_STRING,
                            "description": "Such as `en`, `en-US` or `English`; else, or with `auto`, it is detected.",
                        },
                        "prompt": {
                            **_STRING,
                            "description": "Names and terms that the recording contains: a hint. Of more than"
                            f" {MAX_VOCABULARY_CHARS:,} characters the last are used, from the start of a word;"
                            f" more than {MAX_FIELD_BYTES:,} bytes are refused.",
                        },
                        "response_format": {
                            **_STRING,
                            "enum": list(ResponseFormat),
                            "default": ResponseFormat.JSON.value,
                            "description": "In `diarized_json` every segment has a speaker: `A`, `B`, … by first"
                            " appearance. Where speakers can't be told apart all are `A`, as its `warnings` say.",
                        },
                        GRANULARITIES: {
                            "type": "array",
                            "items": {**_STRING, "enum": list(Granularity)},
                            "description": "The times in `verbose_json`: segments unless told. Also without brackets.",
                        },
                        "temperature": {
                            "type": "number",
                            "minimum": 0,
                            "maximum": 1,
                            "description": _IGNORED,
                        },
                        CHUNKING: {**_STRING, "description": _UNCHUNKED},
                        **{name: {**_STRING, "description": _UNCHUNKED} for name in CHUNKING_FIELDS},
                        "stream": {
                            "type": "boolean",
                            "default": False,
                            "description": "Server-sent events, as it is heard; `json` and `text` only,"
                            " the other formats come as they are.",
                        },
                    },
                },
                "example": {
                    "file": "(the recording's bytes)",
                    "model": "whisper-1",
                    "response_format": "json",
                },
            }
        },
    },
    "parameters": [
        {
            **IDEMPOTENCY_KEY,
            "description": f"{IDEMPOTENCY_KEY['description']} A smelt that was canceled, as by hanging up, is taken"
            " back to work.",
        }
    ],
}

_TEXT = "Ann ships the report on Friday."
OPENAI_ERROR: dict[int | str, Json] = {
    "default": {
        "description": "Any error, in OpenAI's shape",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["error"],
                    "properties": {
                        "error": {
                            "type": "object",
                            "required": ["message", "type", "param", "code"],
                            "properties": {
                                "message": _STRING,
                                "type": _STRING,
                                "param": {"type": ["string", "null"]},
                                "code": _STRING,
                            },
                        }
                    },
                },
                "example": {
                    "error": {
                        "message": "Must be a language code such as `en` or `de`.",
                        "type": "invalid_request_error",
                        "param": "language",
                        "code": "validation_failed",
                    }
                },
            }
        },
    },
}
TRANSCRIPTION_REPLY: dict[int | str, Json] = {
    **OPENAI_ERROR,
    200: {
        "description": "The transcript; empty where nothing is said. In `verbose_json` what a search for words knows"
        " (`tokens`, `avg_logprob` and the like) is null.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["text"],
                    "properties": {
                        "text": _STRING,
                        "language": _STRING,
                        "duration": {"type": "number"},
                        "segments": {"type": "array", "items": {"type": "object"}},
                        "words": {"type": "array", "items": {"type": "object"}},
                        "usage": {"type": "object"},
                    },
                },
                "example": {"text": _TEXT, "usage": {"type": "duration", "seconds": 2.4}},
            },
            "text/plain": {"schema": _STRING, "example": f"{_TEXT}\n"},
            "application/x-subrip": {
                "schema": _STRING,
                "example": f"1\n00:00:00,000 --> 00:00:02,400\n{_TEXT}\n",
            },
            "text/vtt": {
                "schema": _STRING,
                "example": f"WEBVTT\n\n00:00:00.000 --> 00:00:02.400\n{_TEXT}\n",
            },
            "text/event-stream": {
                "schema": _STRING,
                "example": f'data: {{"type": "transcript.text.done", "text": "{_TEXT}"}}\n\n',
            },
        },
    },
}
