"""A post in OpenAI's shape that is sent again after its smelt was canceled: the smelt is taken back to work.

That is what an SDK does whose time-out has passed: it hangs up, which cancels the smelt, and repeats the post.
"""

from dataclasses import replace
from functools import partial

from starlette.requests import Request

from api.auth.identity import Visitor
from api.errors import ApiError, Code
from api.services import services
from api.smelts.retry import retry
from api.smelts.taking_in import Accepted
from db.smelts import control
from pipeline.states import SmeltStatus


def taken_back(request: Request, accepted: Accepted) -> Accepted:
    """What to wait for. Whoever takes a smelt back cancels it by hanging up, like whoever made it.

    Raises ApiError as POST /retry does.
    """
    if accepted.new or accepted.smelt.status is not SmeltStatus.CANCELED:
        return accepted
    caller = accepted.caller
    if isinstance(caller, Visitor):
        caller = replace(caller, smelt_id=accepted.smelt.id)
    try:
        take_back = partial(control.retry, smelt_id=accepted.smelt.id)
        retry(services(request), caller, accepted.smelt.id, take_back)
    except ApiError as error:
        if error.code is not Code.NOT_READY:
            raise
        return accepted  # another that repeats it was faster
    return replace(accepted, new=True)
