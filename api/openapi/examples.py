"""Examples for /openapi.json, by the name of the schema: one small batch from its submission to its end."""

from typing import Any

Json = dict[str, Any]

_SMELT_ID = "0192f0c4-7a10-7c3e-9a1b-5d2f6c8e0a11"
_FILE_ID = "0192f0c4-7a10-7c3e-9a1b-5d2f6c8e0a12"
_OUTPUT_ID = "0192f0c4-7a10-7c3e-9a1b-5d2f6c8e0a13"
_PROMPT_ID = "0192f0c4-7a10-7c3e-9a1b-5d2f6c8e0a14"
_SECTION_ID = "0192f0c4-7a10-7c3e-9a1b-5d2f6c8e0a15"
_OTHER_ID = "0192f0c4-7a10-7c3e-9a1b-5d2f6c8e0a16"
_BEGUN, _ENDED, _LATER = "2026-11-02T09:00:00Z", "2026-11-02T09:03:10Z", "2026-11-03T09:03:10Z"

_SUMMARY: Json = {
    "id": _SMELT_ID,
    "status": "completed",
    "mode": "separate",
    "tier": "credits",
    "default_prompt_names": ["summarize"],
    "user_prompt_id": None,
    "version": 9,
    "warnings": [],
    "progress": 1.0,
    "input_tokens": 5210,
    "output_tokens": 340,
    "error_code": None,
    "error_message": None,
    "created_at": _BEGUN,
    "finished_at": _ENDED,
    "content_expires_at": _LATER,
}
_FILE: Json = {
    "id": _FILE_ID,
    "position": 0,
    "input_type": "audio",
    "filename": "talk.m4a",
    "size_bytes": 14_200_000,
    "duration_seconds": 1805.4,
    "language": "en",
    "warnings": [],
    "speakers": [{"label": "S1", "seconds": 1120.3}, {"label": "S2", "seconds": 604.8}],
    "status": "completed",
    "progress": 1.0,
    "queue_position": None,
    "waiting_for": None,
    "error_code": None,
    "error_message": None,
}
_OUTPUT: Json = {
    "id": _OUTPUT_ID,
    "file_id": _FILE_ID,
    "default_prompt_name": "summarize",
    "user_prompt_id": None,
    "status": "completed",
    "progress": 1.0,
    "waiting_for": None,
    "error_code": None,
    "error_message": None,
    "model": "gpt-4o-mini",
    "input_tokens": 5210,
    "output_tokens": 340,
}
_SMELT: Json = {**_SUMMARY, "files": [_FILE], "outputs": [_OUTPUT]}
_NOTHING_YET: Json = {"progress": 0.0, "input_tokens": 0, "output_tokens": 0, "finished_at": None}
_ACCEPTED: Json = {
    **_SUMMARY,
    **_NOTHING_YET,
    "status": "pending",
    "version": 1,
    "files": [
        {
            **_FILE,
            "duration_seconds": None,
            "language": None,
            "speakers": None,
            "status": "pending",
            "progress": 0.0,
        }
    ],
    "outputs": [
        {
            **_OUTPUT,
            "status": "waiting",
            "progress": 0.0,
            "model": None,
            "input_tokens": None,
            "output_tokens": None,
        }
    ],
    "access_token": None,
}
_NEW_PROMPT: Json = {
    "title": "Minutes",
    "body": "Write minutes: who, what, by when.",
    "section_id": _SECTION_ID,
}
_PROMPT: Json = {**_NEW_PROMPT, "id": _PROMPT_ID, "position": 0, "created_at": _BEGUN, "updated_at": _BEGUN}
_SECTION: Json = {
    "id": _SECTION_ID,
    "title": "Meetings",
    "position": 0,
    "created_at": _BEGUN,
    "updated_at": _BEGUN,
}
_TOKEN: Json = {
    "id": _OTHER_ID,
    "name": "nightly batch",
    "last_four": "k3Zw",
    "created_at": _BEGUN,
    "expires_at": None,
    "last_used_at": _ENDED,
}
_DELIVERY: Json = {
    "id": _OTHER_ID,
    "smelt_id": _SMELT_ID,
    "event": "smelt.completed",
    "smelt_version": 9,
    "status": "completed",
    "attempt": 1,
    "response_status": 204,
    "error_code": None,
    "next_attempt_at": None,
    "created_at": _ENDED,
    "finished_at": _ENDED,
}

_MODEL: Json = {"id": "whisper-1", "object": "model", "created": 0, "owned_by": "smelt"}

EXAMPLES: dict[str, Json] = {
    "AcceptedSmelt": _ACCEPTED,
    "SmeltReply": _SMELT,
    "SmeltPage": {"items": [{**_SUMMARY, "first_filenames": ["talk.m4a"]}], "next_cursor": None},
    "SpeakerNames": {"S1": "Alice"},
    "SpeakersReply": {
        "speakers": [
            {"label": "S1", "seconds": 1120.3, "name": "Alice"},
            {"label": "S2", "seconds": 604.8, "name": None},
        ]
    },
    "DeletionReceipt": {"smelt_id": _SMELT_ID, "objects_deleted": 4, "key_destroyed_at": _ENDED},
    "FinishedOutputs": {
        "outputs": [
            {
                "id": _OUTPUT_ID,
                "file_id": _FILE_ID,
                "filename": "talk.m4a",
                "default_prompt_name": "summarize",
                "user_prompt_id": None,
                "markdown": "- Ann ships the report on Friday.",
            }
        ]
    },
    "TicketReply": {"ticket": "o2nUe5v0cP1bWqk7tXy9Zg", "expires_at": "2026-11-02T09:01:00Z"},
    "DefaultPrompts": {
        "items": [
            {
                "name": "summarize",
                "title": "Summary",
                "description": "The main points, in a few sentences.",
                "version": 1,
            }
        ]
    },
    "ProfileReply": {
        "tier": "credits",
        "credits_remaining": 4,
        "weekly_credits_max": 5,
        "credits_reset_at": "2026-11-09T00:00:00Z",
        "api_key_status": "none",
        "api_key_validated_at": None,
    },
    "UsageReply": {
        "tier": "credits",
        "remaining": 4,
        "resets_at": "2026-11-09T00:00:00Z",
        "limits": {
            "inputs": 25,
            "audio_bytes": 200_000_000,
            "audio_seconds": 14_400.0,
            "text_bytes": 2_000_000,
            "smelt_bytes": 1_000_000_000,
            "combine": True,
            "own_prompts": True,
        },
    },
    "ModelReply": _MODEL,
    "Models": {"object": "list", "data": [_MODEL]},
    "NewPrompt": _NEW_PROMPT,
    "PromptEdit": {"title": "Short minutes"},
    "PromptReply": _PROMPT,
    "Prompts": {"items": [_PROMPT]},
    "Body_upload_prompt_v1_prompts_upload_post": {"file": "# Minutes\n\nWrite minutes.", "section_id": None},
    "NewSection": {"title": "Meetings"},
    "SectionReply": _SECTION,
    "Sections": {"items": [_SECTION]},
    "Order": {"ids": [_OTHER_ID, _PROMPT_ID]},
    "TokenBody": {"name": "nightly batch", "expires_at": None},
    "TokenReply": _TOKEN,
    "NewTokenReply": {**_TOKEN, "last_used_at": None, "token": "smelt_…k3Zw"},
    "Tokens": {"items": [_TOKEN]},
    "ApiKeyBody": {"api_key": "sk-your-own-key"},
    "ApiKeyReply": {"status": "valid", "last_four": "9fQx", "validated_at": _BEGUN},
    "AccountExport": {"exported_at": _ENDED, "tables": {"prompts": [_PROMPT]}},
    "WebhookSecretReply": {
        "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "previous_valid_until": _LATER,
    },
    "DeliveryPage": {"items": [_DELIVERY], "next_cursor": None},
    "DeliveryReply": _DELIVERY,
    "ProblemReply": {
        "type": "urn:smelt:error:not_ready",
        "title": "Not finished yet",
        "status": 409,
        "detail": "Not finished yet.",
        "code": "not_ready",
    },
}


def with_examples(document: Json) -> Json:
    """The same OpenAPI document, an example added to each schema of `EXAMPLES` that it has."""
    for name, schema in document["components"]["schemas"].items():
        if name in EXAMPLES:
            schema["example"] = EXAMPLES[name]
    return document
