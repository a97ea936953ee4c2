"""A client's post, as harness and lives both make it."""

from typing import Any

from tests.recordings import recording

Context = dict[str, str]
"""What a life works on, as far as it can be told to another process."""

NOTE = "Alice will send the budget report on Friday. Bob books the room."


def parts(context: Context) -> list[tuple[str, Any]]:
    """One recording and one text."""
    fields = [
        ("mode", context.get("mode", "separate")),
        ("default_prompt_names", "summarize"),
        ("vocabulary", "Ann"),
        ("webhook_url", context["webhook_url"]),
    ]
    return [
        ("files", ("talk.wav", recording("speech.wav"))),
        ("texts", (None, NOTE)),
        *((name, (None, value)) for name, value in fields),
    ]
