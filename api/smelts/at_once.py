"""A small post of a caller who has posted before: who it is from, whether they may, and what is asked for, in one turn,
one thread and one exchange with Postgres.

Its body is read first: it is there by the time that its headers are. Nothing of it is stored before its sender is
authenticated and counted. Whatever isn't well is left to the usual steps (`api/smelts/accept.py`), which tell what.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from starlette.requests import Request

from api.auth.identity import Claimant, Machine, User, authenticate, claimed_tenant
from api.errors import ApiError
from api.services import services
from api.smelts.allowance import allowances
from api.smelts.fingerprint import idempotency_key
from api.smelts.new_content import NewContent
from api.smelts.precheck import Post
from api.smelts.taking_in import Accepted, Check, kept_if_unknown, read, stored, taken_in
from api.smelts.upload import Intake
from api.smelts.upload_schema import UploadSchema
from db.smelts.admission import NotAsKnown, admit_known


class LookFirst(Exception):
    """The usual steps are to be gone. `who`: authenticated and counted already; None: not yet."""

    def __init__(self, who: Claimant | None) -> None:
        super().__init__()
        self.who = who


async def accept_at_once(request: Request, caller: User, schema: UploadSchema, check: Check) -> Accepted:
    """`caller`: who posted before with the same authorization.

    Raises LookFirst; ApiError as `authenticate` does, and `busy`.
    """
    with _looked_into():
        key = idempotency_key(request.headers.getlist("idempotency-key"))
    post = Post(services(request), caller, key, existing=None)
    return await read(request, post, schema, partial(_take_in, request, check), _looked_into())


def _take_in(request: Request, check: Check, post: Post, intake: Intake, content: NewContent) -> Accepted:
    who = authenticate(request)
    if claimed_tenant(who) != post.caller.tenant:
        raise LookFirst(who)
    shared = post.shared
    with _looked_into(who):
        new = stored(post, intake, content, check)
    token_hash = who.token_hash if isinstance(who, Machine) else None
    try:
        with kept_if_unknown(content), shared.database.once() as conn:
            ready = admit_known(conn, new, allowances(shared), token_hash)
    except NotAsKnown:
        raise LookFirst(who) from None
    return taken_in(post, intake, content, ready)


@contextmanager
def _looked_into(who: Claimant | None = None) -> Iterator[None]:
    """What is wrong may be so by what was known alone."""
    try:
        yield
    except ApiError as error:
        raise LookFirst(who) from error
