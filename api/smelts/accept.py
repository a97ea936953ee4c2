"""A POST that makes a smelt, from the first header to the reply, as a list of steps.

    1. who is asking; an idempotency key that is known already; an allowance that is used up already
    2. the body, streamed into the content store
    3. what is asked for; every fault named
    4. one transaction that takes the smelt in, then the queue notification

A small post of a caller who has posted before begins with the second (`api/smelts/at_once.py`).

Until step 4 has committed, whatever ends the request removes what it stored. When the database fails in the middle of
the commit nobody knows whether the smelt exists: then its content stays, and the sweep of orphans decides.
"""

import hmac
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from api.errors import ApiError, Code
from api.http.body import whole, with_body
from api.services import services
from api.smelts.allowance import allowances, out_of_allowance
from api.smelts.at_once import LookFirst, accept_at_once
from api.smelts.checked_options import checked_options
from api.smelts.known_posters import SMALL_BYTES, forget, known_poster, note
from api.smelts.new_content import NewContent
from api.smelts.precheck import Post, precheck
from api.smelts.taking_in import (
    Accepted,
    Check,
    accepted,
    fingerprint_of,
    kept_if_unknown,
    make_intake,
    no_such_prompt,
    read,
    stored,
    taken_in,
    turn,
)
from api.smelts.upload import Intake
from api.smelts.upload_schema import SMELT, UploadSchema
from db.accounts.api_keys import KeyNotValid
from db.smelts.admission import Existing, IdempotencyRace, PromptGone, admit, find_by_idempotency_key
from db.smelts.reads import get_smelt
from db.smelts.reservation import Refused

KEY_LOST = "Your API key stopped being valid meanwhile: what is sent again is taken on credits."


async def accept(request: Request, schema: UploadSchema = SMELT, check: Check = checked_options) -> Accepted:
    """`check`: reads what is asked for, and raises ApiError with every fault of it.

    Raises ApiError and what `body.chunks` raises.
    """
    with services(request).uploads.under_way():
        known, who = known_poster(request), None
        if known is not None:
            body = await whole(request, SMALL_BYTES)
            try:
                return await accept_at_once(with_body(request, body), known, schema, check)
            except LookFirst as look:
                forget(request)
                request, who = with_body(request, body), look.who
            except ApiError:  # who comes too often is counted before the next body is read
                forget(request)
                raise
        post = await precheck(request, who)
        if post.existing is not None:
            return await _compare(request, post, post.existing, schema)
        made = await read(request, post, schema, partial(_take_in, check=check))
        note(request, made.caller)
        return made


async def _compare(request: Request, post: Post, existing: Existing, schema: UploadSchema) -> Accepted:
    """A post that is repeated: nothing of it is stored."""
    intake = make_intake(post, schema, None)
    await intake.read(request)
    async with turn(post):
        return await run_in_threadpool(_same_again, post, intake, existing)


def _take_in(post: Post, intake: Intake, content: NewContent, check: Check) -> Accepted:
    shared = post.shared
    new = stored(post, intake, content, check)
    try:
        with kept_if_unknown(content), shared.database.brief() as conn:
            ready = admit(conn, new, allowances(shared))
    except IdempotencyRace:
        return _lost_race(post, intake, content)
    except Refused as refused:
        raise out_of_allowance(refused) from None
    except KeyNotValid:
        raise ApiError(Code.BUSY, KEY_LOST, retry_after=1) from None
    except PromptGone:
        raise no_such_prompt() from None
    return taken_in(post, intake, content, ready)


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
    if intake.form.faults or not hmac.compare_digest(existing.fingerprint, fingerprint_of(post, intake)):
        raise ApiError(Code.IDEMPOTENCY_KEY_REUSED)
    with post.shared.database.service() as conn:
        smelt = get_smelt(conn, existing.smelt_id)
    return accepted(post, intake, smelt, new=False)
