"""A POST before its body is read: who sends it, and whether that is repeated, or used up."""

from dataclasses import dataclass, replace

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from api.auth.identity import (
    Caller,
    Claimant,
    Machine,
    Visitor,
    authenticate,
    claimed_tenant,
    known,
    recognize,
)
from api.services import Services, services
from api.smelts.allowance import allowances, out_of_allowance
from api.smelts.fingerprint import idempotency_key
from db.smelts.admission import Existing, find_by_idempotency_key
from db.smelts.reservation import Refused, check_allowance
from db.smelts.standing import find_standing
from pipeline.limits import Limits
from pipeline.states import Tier


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
        return replace(self.shared.settings.widest_limits(), smelt_bytes=bytes_then)


async def precheck(request: Request, who: Claimant | None = None) -> Post:
    """Everything that can be told before the body is read, in one of the tenant's turns. `who`: authenticated already.
    Raises ApiError.
    """
    if who is None:
        who = await run_in_threadpool(authenticate, request)
    async with services(request).share.turn(claimed_tenant(who)):
        return await run_in_threadpool(_precheck, request, who)


def _precheck(request: Request, who: Claimant) -> Post:
    key = idempotency_key(request.headers.getlist("idempotency-key"))
    return _at_a_glance(request, who, key) or _looked_into(request, who, key)


def _at_a_glance(request: Request, who: Claimant, key: str | None) -> Post | None:
    """Where all is well, one look tells. None: it is to be looked into why it isn't, or that can't tell."""
    shared = services(request)
    if isinstance(who, Visitor):
        return None
    token_hash = who.token_hash if isinstance(who, Machine) else None
    with shared.database.once() as conn:
        standing = find_standing(conn, None if token_hash else who.user_id, token_hash, key)
    if standing is None:
        return None
    caller = known(request, who, standing.profile)
    if standing.existing is None and not standing.allows(caller.tier, allowances(shared)):
        return None
    return Post(shared, caller, key, standing.existing)


def _looked_into(request: Request, who: Claimant, key: str | None) -> Post:
    shared = services(request)
    with shared.database.service() as conn:
        caller = recognize(request, conn, who)
        existing = _existing(conn, caller, key)
        if existing is None:
            try:
                check_allowance(conn, caller.user_id, caller.tenant, caller.tier, allowances(shared))
            except Refused as refused:
                # The same post may have been taken in since, and be what used the allowance up
                existing = _existing(conn, caller, key)
                if existing is None:
                    raise out_of_allowance(refused) from None
    return Post(shared, caller, key, existing)


def _existing(conn: Connection, caller: Caller, key: str | None) -> Existing | None:
    return None if key is None else find_by_idempotency_key(conn, caller.tenant, key)
