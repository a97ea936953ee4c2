"""Applies one prompt, to one file or to all of a smelt: the work of the `synthesize` queue."""

from collections.abc import Callable
from uuid import UUID

from pydantic import SecretStr

from db.accounts.api_keys import StoredKey, get_api_key, mark_api_key_invalid
from db.accounts.profiles import UserGone
from db.work.outputs import OutputJob, Source, begin_output, finish_and_claim, finish_output
from pipeline.content.keyring import user_context
from pipeline.content.store import Kind, ObjectName
from pipeline.errors import LostLease, WorkError
from pipeline.llm.documents import Document
from pipeline.llm.engines.base import PromptSpec, Synthesis, SynthesisEngine
from pipeline.logs import bind_smelt
from pipeline.speech.speaker_names import names_object, read_names
from pipeline.speech.speakers import renamed, speaker_times
from pipeline.speech.transcript import Transcript
from pipeline.states import ErrorCode, InputType, Tier
from workers.actors.content import read_optional, record_stored, unwrap_key
from workers.pools.engines import SynthesisEngines
from workers.runner.excess_usage import ExcessUsage
from workers.runner.task import Task

# After these a key is of no use until its user does something about it.
_KEY_ERRORS = (ErrorCode.API_KEY_INVALID, ErrorCode.API_QUOTA_EXHAUSTED)


def synthesize(task: Task, engines: SynthesisEngines) -> None:
    """Raises WorkError for what the engine can't do, LostLease when the output is no longer ours."""
    job = task.claim.job
    if not isinstance(job, OutputJob):
        job = task.services.record_once(lambda conn: begin_output(conn, task.claim))
    bind_smelt(job.smelt_id, job.tenant)
    key = unwrap_key(task.services, job.smelt_id, job.content_key)
    documents = [_read(task, job, source, key) for source in job.sources]
    result = _applied(task, job, _prompt(task, job, key), documents, engines)
    record_stored(
        task,
        name=ObjectName(job.smelt_id, task.claim.id, Kind.RESULT, task.claim.attempt),
        key=key,
        content=result.markdown.encode(),
        record=lambda: _record(task, result),
    )


def _record(task: Task, made: Synthesis) -> None:
    end = (task.claim, made.model, made.input_tokens, made.output_tokens)
    if not task.takes_next:
        task.services.record_once(lambda conn: finish_output(conn, *end))
        return
    lease_seconds = task.services.settings.lease_seconds
    task.end_and_claim(
        lambda conn: finish_and_claim(conn, *end, lease_seconds=lease_seconds, only_short=task.only_short)
    )


def _applied(
    task: Task, job: OutputJob, prompt: PromptSpec, documents: list[Document], engines: SynthesisEngines
) -> Synthesis:
    """What it takes far beyond its cost, which is by what is read, is debited to its tenant: a short text may ask for
    an answer without end.
    """
    excess = ExcessUsage(task, job.tenant)

    def tick(share: float) -> None:
        task.lease.tick(share)
        excess.tick(job.cost)

    def apply(engine: SynthesisEngine) -> Synthesis:
        return engine.apply(prompt, documents, tick)

    try:
        if job.tier == Tier.OWN_KEY and job.user_id is not None:
            result = _on_own_key(task, job.user_id, engines, apply)
        else:
            with engines.borrow(None) as engine:
                result = apply(engine)
    except WorkError as error:
        if error.waiting_for is None:  # else the time that it held a slot is added to its finish time
            excess.end(job.cost)
        raise
    excess.end(job.cost)
    return result


def _on_own_key(
    task: Task, user_id: UUID, engines: SynthesisEngines, apply: Callable[[SynthesisEngine], Synthesis]
) -> Synthesis:
    """Never on the platform's key instead: a deleted key fails the output."""
    stored = task.services.record(lambda conn: get_api_key(conn, user_id))
    if stored is None:
        raise WorkError(ErrorCode.API_KEY_INVALID)
    api_key = SecretStr(task.services.keyring.unwrap(stored.wrapped, user_context(user_id)).decode())
    try:
        with engines.borrow(api_key) as engine:
            return apply(engine)
    except WorkError as error:
        if error.code in _KEY_ERRORS:
            _mark_invalid(task, user_id, stored)
        raise


def _mark_invalid(task: Task, user_id: UUID, key: StoredKey) -> None:
    try:
        task.services.record(lambda conn: mark_api_key_invalid(conn, user_id, key))
    except UserGone:
        raise LostLease from None


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
    transcript = Transcript.from_json(content.get(name, key))
    return Document(source.filename, _with_speakers(task, job, source, key, transcript))


def _with_speakers(
    task: Task, job: OutputJob, source: Source, key: bytes, transcript: Transcript
) -> Transcript:
    """With the names that the client gave them; beside other files those without one are this file's `S1`."""
    if not source.has_speakers:
        return transcript
    names = read_names(task.services.content, names_object(job.smelt_id, source.file_id, source.attempt), key)
    if len(job.sources) > 1:
        labels = {speaker.label for speaker in speaker_times(transcript)}
        names = {label: f"{source.filename} {label}" for label in labels} | names
    return renamed(transcript, names)
