"""A POST before it is taken in: who sends it, and whether what came is what may be asked for."""

from dataclasses import dataclass, replace

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from api.auth.identity import Caller, Claimant, authenticate, claimed_tenant, recognize
from api.errors import ApiError, Code, Fault, FaultCode, refusal
from api.services import Services, services
from api.smelts.allowance import allowances, out_of_allowance
from api.smelts.fingerprint import idempotency_key
from api.smelts.options import Form, SmeltOptions, read_options
from api.smelts.upload import Intake
from db.accounts.webhook_secrets import has_secret
from db.smelts.admission import Existing, find_by_idempotency_key
from db.smelts.reservation import Refused, check_allowance
from pipeline.limits import Limits
from pipeline.net.webhook_url import BadUrl, parse
from pipeline.states import InputType, SmeltMode, Tier


@dataclass(frozen=True, slots=True)
class Post:
    """What is known before the body is read."""

    shared: Services
    caller: Caller
    key: str | None
    existing: Existing | None

    @property
    def tier(self) -> Tier:
        return self.caller.tier

    @property
    def limits(self) -> Limits:
        """For a repeated post the widest, since it is compared, not measured; but no more bytes than its first could
        have: it uses nothing up, so it must not be a way to send without end.
        """
        if self.existing is None:
            return self.shared.settings.limits(self.tier)
        bytes_then = self.shared.settings.limits(self.existing.tier).smelt_bytes
        return replace(self.shared.settings.limits(Tier.OWN_KEY), smelt_bytes=bytes_then)


async def begin(request: Request) -> Post:
    """Everything that can be told before the body is read, in one of the tenant's turns. Raises ApiError."""
    who = await run_in_threadpool(authenticate, request)
    async with services(request).share.turn(claimed_tenant(who)):
        return await run_in_threadpool(_begin, request, who)


def _begin(request: Request, who: Claimant) -> Post:
    shared = services(request)
    key = idempotency_key(request.headers.getlist("idempotency-key"))
    with shared.database.service() as conn:
        caller = recognize(request, conn, who)
        existing = _existing(conn, caller, key)
        if existing is None:
            try:
                check_allowance(conn, caller.user_id, caller.tenant, allowances(shared))
            except Refused as refused:
                # The same post may have been taken in since, and be what used the allowance up
                existing = _existing(conn, caller, key)
                if existing is None:
                    raise out_of_allowance(refused) from None
    return Post(shared, caller, key, existing)


def _existing(conn: Connection, caller: Caller, key: str | None) -> Existing | None:
    return None if key is None else find_by_idempotency_key(conn, caller.tenant, key)


def checked_options(post: Post, intake: Intake) -> SmeltOptions:
    """Raises ApiError: anything that is wrong with what was sent, all of it named."""
    form = intake.form
    parts_are_fine = not form.faults
    options = read_options(form)
    if not post.limits.combine and options.mode is SmeltMode.COMBINE:
        raise ApiError(Code.SIGN_IN_REQUIRED, "Sign in to combine.")
    if not post.limits.own_prompts and form.one("user_prompt_id") is not None:
        raise ApiError(Code.SIGN_IN_REQUIRED, "Sign in to use prompts of your own.")
    if not intake.parts and parts_are_fine:
        form.faults.append(
            Fault(FaultCode.MISSING, "Send at least one of `files` or `texts`.", field="files")
        )
    elif parts_are_fine and options.prompts == 0 and not form.faults and not _has_audio(intake):
        form.faults.append(
            Fault(
                FaultCode.MISSING,
                "Choose at least one prompt; only recordings need none.",
                "default_prompt_names",
            )
        )
    if (
        options.user_prompt_id is not None
        and not post.shared.settings.has_llm
        and post.tier is not Tier.OWN_KEY
    ):
        detail = "No language model is set up here, so only the default prompts can be applied."
        form.faults.append(Fault(Code.PROMPT_NEEDS_MODEL, detail, field="user_prompt_id"))
    if options.webhook_url is not None:
        _check_webhook(post, form, options.webhook_url)
    if form.faults:
        raise refusal(form.faults)
    return options


def _check_webhook(post: Post, form: Form, url: str) -> None:
    """What can be told without asking the resolver. Raises ApiError `sign_in_required`."""
    if post.caller.user_id is None:
        raise ApiError(Code.SIGN_IN_REQUIRED, "Sign in to have webhooks sent.")
    try:
        parse(url, post.shared.webhook_networks)
    except BadUrl as bad:
        form.bad("webhook_url", str(bad))
        return
    with post.shared.database.service() as conn:
        if not has_secret(conn, post.caller.user_id):
            form.bad("webhook_url", "Make a secret first, at POST /v1/webhook-secret: webhooks are signed.")


def _has_audio(intake: Intake) -> bool:
    return any(received.kind.input_type is InputType.AUDIO for received in intake.received)
