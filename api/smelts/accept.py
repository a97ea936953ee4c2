"""A POST that makes a smelt, from the first header to the reply, as a list of steps.

    1. who is asking; an idempotency key that is known already; an allowance that is used up already
    2. the body, streamed into the content store
    3. what is asked for; every fault named
    4. one transaction that takes the smelt in, then the queue notification

Until step 4 has committed, whatever ends the request removes what it stored. When the database fails in the middle of
the commit nobody knows whether the smelt exists: then its content stays, and the sweep of orphans decides.
"""

import asyncio
import hmac
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from typing import ParamSpec, TypeVar
from uuid import UUID

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from api.auth.identity import Caller, Visitor
from api.errors import ApiError, Code, Fault, FaultCode, refusal
from api.services import services
from api.smelts.allowance import allowances, out_of_allowance
from api.smelts.checked_options import checked_options
from api.smelts.fingerprint import fingerprint
from api.smelts.new_content import NewContent
from api.smelts.notifications import notify
from api.smelts.options import Form, SmeltOptions
from api.smelts.precheck import Post, precheck
from api.smelts.upload import OVERHEAD_BYTES, Intake
from api.smelts.upload_schema import SMELT, UploadSchema
from db.accounts.api_keys import KeyNotValid
from db.accounts.prompts import get_prompt
from db.session import DatabaseUnavailable
from db.smelts.admission import (
    Existing,
    IdempotencyRace,
    PromptGone,
    admit,
    find_by_idempotency_key,
)
from db.smelts.new_smelt import NewFile, NewSmelt
from db.smelts.reads import get_smelt
from db.smelts.reservation import Refused
from pipeline.content.keyring import smelt_context
from pipeline.content.store import Kind
from pipeline.smelt import Smelt

KEY_LOST = "Your API key stopped being valid meanwhile: what is sent again is taken on credits."
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


async def accept(request: Request, schema: UploadSchema = SMELT, check: Check = checked_options) -> Accepted:
    """`check`: reads what is asked for, and raises ApiError with every fault of it.

    Raises ApiError and what `body.chunks` raises.
    """
    with services(request).uploads.under_way():
        post = await precheck(request)
        if post.existing is not None:
            return await _compare(request, post, post.existing, schema)
        with post.shared.staging.post(post.caller.tenant, post.limits.smelt_bytes + OVERHEAD_BYTES) as staged:
            await staged.add(0)  # whether there is room at all, before anything is read
            async with NewContent(post.shared.content, staged) as content:
                intake = _intake(post, schema, content)
                await intake.read(request)
                async with _turn(post):
                    return await _to_its_end(_take_in, post, intake, content, check)


async def _compare(request: Request, post: Post, existing: Existing, schema: UploadSchema) -> Accepted:
    """A post that is repeated: nothing of it is stored."""
    intake = _intake(post, schema, None)
    await intake.read(request)
    async with _turn(post):
        return await run_in_threadpool(_same_again, post, intake, existing)


def _intake(post: Post, schema: UploadSchema, content: NewContent | None) -> Intake:
    pause = partial(post.shared.uploads.pause, post.caller.tenant)
    return Intake(schema, post.limits, post.shared.settings.json_bytes, content, pause)


def _turn(post: Post) -> AbstractAsyncContextManager[None]:
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


def _take_in(post: Post, intake: Intake, content: NewContent, check: Check) -> Accepted:
    shared = post.shared
    options = check(post, intake)
    _add_extras(post, content, options)
    content.store()
    new = _new_smelt(post, intake, content, options)
    try:
        with shared.database.brief() as conn:
            ready = admit(conn, new, allowances(shared))
    except IdempotencyRace:
        return _lost_race(post, intake, content)
    except Refused as refused:
        raise out_of_allowance(refused) from None
    except KeyNotValid:
        raise ApiError(Code.BUSY, KEY_LOST, retry_after=1) from None
    except PromptGone:
        raise _no_such_prompt() from None
    except DatabaseUnavailable:
        content.kept = True
        raise
    content.kept = True
    notify(shared, new.id, new.mode, ready)
    return _accepted(post, intake, ready.smelt, new=True)


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
        raise _no_such_prompt()
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
        request_fingerprint=None if post.key is None else _fingerprint(post, intake),
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


def _lost_race(post: Post, intake: Intake, content: NewContent) -> Accepted:
    """Another post with this key was taken in while ours arrived: what ours stored goes, theirs is the answer."""
    post.shared.content.delete_smelt(content.smelt_id)
    with post.shared.database.service() as conn:
        existing = None if post.key is None else find_by_idempotency_key(conn, post.caller.tenant, post.key)
    if existing is None:
        raise ApiError(Code.BUSY, "Another request with this idempotency key was under way.", retry_after=1)
    return _same_again(post, intake, existing)


def _same_again(post: Post, intake: Intake, existing: Existing) -> Accepted:
    # What was taken in had no faults, and fields that are none of ours aren't in the fingerprint
    if intake.form.faults or not hmac.compare_digest(existing.fingerprint, _fingerprint(post, intake)):
        raise ApiError(Code.IDEMPOTENCY_KEY_REUSED)
    with post.shared.database.service() as conn:
        smelt = get_smelt(conn, existing.smelt_id)
    return _accepted(post, intake, smelt, new=False)


def _accepted(post: Post, intake: Intake, smelt: Smelt | None, *, new: bool) -> Accepted:
    if smelt is None:
        raise ApiError(Code.NOT_FOUND, "The smelt has been deleted.")
    token = None
    if isinstance(post.caller, Visitor):
        token = post.shared.anonymous.issue(smelt.id, smelt.created_at)
    return Accepted(smelt, token, post.caller, intake.form, new)


def _fingerprint(post: Post, intake: Intake) -> bytes:
    return fingerprint(post.shared.fingerprint_key, post.caller.tenant, intake.form, intake.parts)


def _no_such_prompt() -> ApiError:
    detail = "There is no such prompt of yours."
    return refusal([Fault(FaultCode.INVALID_VALUE, detail, field="user_prompt_id")])
