"""What a worker and an extractive process say to each other, over `pipeline/processes/child_wire.py`.

    worker                                extractive process
    {"headroom"}                      ──▶
                                      ◀── {"event": "ready"}
    {"prompt", "documents"}           ──▶
    {"bytes"}, a document's bytes ... ──▶
                                      ◀── {"event": "begun"}
                                      ◀── {"event": "progress", "share"} ...
                                      ◀── {"event": "done", "model", "bytes"}, the Markdown's bytes
                                          | {"event": "error", …} | {"event": "fault", …}

A document's bytes are its transcript as JSON.
"""

from collections.abc import Callable, Sequence

from pipeline.errors import WorkError
from pipeline.llm.documents import Document
from pipeline.llm.engines.base import PromptSpec
from pipeline.processes.child_wire import Channel, Closed, Message
from pipeline.speech.transcript import Transcript
from pipeline.states import DefaultPromptName, ErrorCode


def send_job(
    channel: Channel, prompt: PromptSpec, documents: Sequence[Document], on_document: Callable[[], None]
) -> None:
    """`on_document` is called before each. Raises Closed, and what `on_document` raises."""
    channel.send({"prompt": prompt.name, "documents": [document.name for document in documents]})
    for document in documents:
        on_document()
        data = document.transcript.to_json()
        channel.send({"bytes": len(data)})
        channel.send_bytes(data)


def receive_job(channel: Channel, first: Message) -> tuple[PromptSpec, list[Document]]:
    """`first`: the job's first message. Raises Closed."""
    name = first["prompt"]
    prompt = PromptSpec(None if name is None else DefaultPromptName(name))
    return prompt, [Document(document, _receive_transcript(channel)) for document in first["documents"]]


def _receive_transcript(channel: Channel) -> Transcript:
    message = channel.receive()
    if message is None:
        raise Closed
    return Transcript.from_json(channel.receive_bytes(message["bytes"]))


def error_to_json(error: WorkError) -> Message:
    return {
        "event": "error",
        "code": error.code,
        "detail": error.detail,
        "retryable": error.retryable,
    }


def error_from_json(raw: Message) -> WorkError:
    return WorkError(ErrorCode(raw["code"]), str(raw["detail"]), retryable=bool(raw["retryable"]))
