"""Allowances: what the settings grant, and the answer when it is used up."""

from api.errors import ApiError
from api.services import Services
from db.reservation import Allowances, Refused


def allowances(shared: Services) -> Allowances:
    return Allowances(shared.settings.anonymous_daily, shared.settings.platform_daily_cap)


def out_of_allowance(refused: Refused) -> ApiError:
    return ApiError(refused.code.value, retry_after=refused.retry_after)
