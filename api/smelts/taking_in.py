"""A post whose body is read: what it stores, and the smelt that it asks for."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import ParamSpec, TypeVar
from uuid import UUID

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from api.auth.identity import Caller, Visitor
from api.errors import ApiError, Code, Fault, FaultCode, refusal
from api.smelts.fingerprint import fingerprint
from api.smelts.new_content import NewContent
from api.smelts.notifications import notify
from api.smelts.options import Form, SmeltOptions
from api.smelts.precheck import Post
from api.smelts.upload import OVERHEAD_BYTES, Intake
from api.smelts.upload_schema import UploadSchema
from db.accounts.prompts import get_prompt
from db.session import DatabaseUnavailable
from db.smelts.admission import TakenIn
from db.smelts.new_smelt import NewFile, NewSmelt
from pipeline.content.keyring import smelt_context
from pipeline.content.store import Kind
from pipeline.smelt import Smelt

TAKE_IN_SECONDS = 60.0  # seconds

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Accepted:
    """`new`: this post made the smelt; else it repeats one that did. `form`: the fields that it came with."""

    smelt: Smelt
    access_token: str | None
    caller: Caller
    form: Form
    new: bool


Check = Callable[[Post, Intake], SmeltOptions]
"""Reads what is asked for, and raises ApiError with every fault of it."""


async def read(
    request: Request,
    post: Post,
    schema: UploadSchema,
    take_in: Callable[[Post, Intake, NewContent], Accepted],
    reading: AbstractContextManager[None] | None = None,
) -> Accepted:
    """The body, into the content store; then, in a thread and one of the tenant's turns, `take_in`. What that doesn't
    keep is removed.

    `reading`: around the first. Raises ApiError and what `body.chunks` and `take_in` raise.
    """
    with post.shared.staging.post(post.caller.tenant, post.limits.smelt_bytes + OVERHEAD_BYTES) as staged:
        await staged.add(0)  # whether there is room at all, before anything is read
        async with NewContent(post.shared.content, staged) as content:
            intake = make_intake(post, schema, content)
            with reading or nullcontext():
                await intake.read(request)
            async with turn(post):
                return await _to_its_end(take_in, post, intake, content)


def make_intake(post: Post, schema: UploadSchema, content: NewContent | None) -> Intake:
    pause = partial(post.shared.uploads.pause, post.caller.tenant)
    return Intake(schema, post.limits, post.shared.settings.json_bytes, content, pause)


def turn(post: Post) -> AbstractAsyncContextManager[None]:
    """At the database; not before the body is there. Waited for longer than at the beginning: it has been sent."""
    return post.shared.share.turn(post.caller.tenant, TAKE_IN_SECONDS)


async def _to_its_end(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """In a thread; when the task is canceled meanwhile, the thread's end is awaited first, so that it is known."""
    work = asyncio.ensure_future(run_in_threadpool(function, *args, **kwargs))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        raise


def stored(post: Post, intake: Intake, content: NewContent, check: Check) -> NewSmelt:
    """Once all of its content is stored. Raises ApiError; what the content store and the database raise."""
    options = check(post, intake)
    _add_extras(post, content, options)
    content.store()
    return _new_smelt(post, intake, content, options)


@contextmanager
def kept_if_unknown(content: NewContent) -> Iterator[None]:
    """Around an admission: where nobody knows whether it was committed, the sweep of orphans decides."""
    try:
        yield
    except DatabaseUnavailable:
        content.kept = True
        raise


def taken_in(post: Post, intake: Intake, content: NewContent, ready: TakenIn) -> Accepted:
    """Once it is committed: its content stays, and workers are told."""
    content.kept = True
    notify(post.shared, ready.smelt.id, ready.smelt.mode, ready)
    return accepted(post, intake, ready.smelt, new=True)


def accepted(post: Post, intake: Intake, smelt: Smelt | None, *, new: bool) -> Accepted:
    """Raises ApiError `not_found`."""
    if smelt is None:
        raise ApiError(Code.NOT_FOUND, "The smelt has been deleted.")
    token = None
    if isinstance(post.caller, Visitor):
        token = post.shared.anonymous.issue(smelt.id, smelt.created_at)
    return Accepted(smelt, token, post.caller, intake.form, new)


def fingerprint_of(post: Post, intake: Intake) -> bytes:
    return fingerprint(post.shared.fingerprint_key, post.caller.tenant, intake.form, intake.parts)


def no_such_prompt() -> ApiError:
    detail = "There is no such prompt of yours."
    return refusal([Fault(FaultCode.INVALID_VALUE, detail, field="user_prompt_id")])


def _add_extras(post: Post, content: NewContent, options: SmeltOptions) -> None:
    """The hints and the prompt as it is now: later edits change nothing."""
    extras = {Kind.VOCABULARY: options.vocabulary, Kind.PROMPT: _prompt_text(post, options.user_prompt_id)}
    for kind, text in extras.items():
        if text is not None:
            content.put(kind, text)


def _prompt_text(post: Post, prompt_id: UUID | None) -> str | None:
    if prompt_id is None or post.caller.user_id is None:
        return None
    with post.shared.database.user(post.caller.user_id) as conn:
        prompt = get_prompt(conn, prompt_id)
    if prompt is None:
        raise no_such_prompt()
    return prompt.body


def _new_smelt(post: Post, intake: Intake, content: NewContent, options: SmeltOptions) -> NewSmelt:
    shared, settings = post.shared, post.shared.settings
    return NewSmelt(
        id=content.smelt_id,
        user_id=post.caller.user_id,
        tenant=post.caller.tenant,
        tier=post.tier,
        mode=options.mode,
        default_prompt_names=options.default_prompt_names,
        user_prompt_id=options.user_prompt_id,
        language=options.language,
        task=options.task,
        content_key=shared.keyring.wrap(content.key, smelt_context(content.smelt_id)),
        content_ttl_seconds=options.content_ttl or settings.content_ttl,
        content_max_age_seconds=settings.content_max_age,
        idempotency_key=post.key,
        request_fingerprint=None if post.key is None else fingerprint_of(post, intake),
        webhook_url=options.webhook_url,
        channels=options.channels,
        speakers=options.speakers,
        min_speakers=options.min_speakers,
        max_speakers=options.max_speakers,
        files=[
            NewFile(
                id=received.id,
                input_type=received.kind.input_type,
                media_type=received.kind.media_type,
                filename=received.filename,
                size_bytes=received.size_bytes,
            )
            for received in intake.received
        ],
    )
