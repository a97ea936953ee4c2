"""Applies one prompt, to one file or to all of a smelt: the work of the `synthesize` queue."""

from db.outputs import OutputJob, Source, begin_output, finish_output
from pipeline.content import Kind, ObjectName
from pipeline.documents import Document
from pipeline.engines.base import PromptSpec, SynthesisEngine
from pipeline.errors import WorkError
from pipeline.states import ErrorCode, InputType
from pipeline.transcript import Transcript
from workers.content import read_optional, unwrap_key
from workers.run import Task


def synthesize(task: Task, engine: SynthesisEngine) -> None:
    """Raises WorkError for what the engine can't do, LostLease when the output is no longer ours."""
    job = task.record(lambda conn: begin_output(conn, task.claim))
    key = unwrap_key(task.services, job.smelt_id, job.content_key)
    documents = [_read(task, job, source, key) for source in job.sources]
    result = engine.apply(_prompt(task, job, key), documents, task.lease.tick)
    name = ObjectName(job.smelt_id, task.claim.id, Kind.RESULT, task.claim.attempt)
    task.services.content.put(name, key, result.markdown.encode())
    task.record(
        lambda conn: finish_output(conn, task.claim, result.model, result.input_tokens, result.output_tokens)
    )


def _prompt(task: Task, job: OutputJob, key: bytes) -> PromptSpec:
    if job.default_prompt_name is not None:
        return PromptSpec(job.default_prompt_name)
    text = read_optional(task.services, job.smelt_id, Kind.PROMPT, key)
    if text is None:
        raise WorkError(ErrorCode.CONTENT_EXPIRED)
    return PromptSpec(None, text)


def _read(task: Task, job: OutputJob, source: Source, key: bytes) -> Document:
    task.lease.tick(0.0)
    content = task.services.content
    if source.input_type is InputType.TEXT:
        text = content.get(ObjectName(job.smelt_id, source.file_id, Kind.INPUT, 0), key).decode()
        return Document(source.filename, Transcript.of_text(text))
    name = ObjectName(job.smelt_id, source.file_id, Kind.TRANSCRIPT, source.attempt)
    return Document(source.filename, Transcript.from_json(content.get(name, key)))
