"""Allowances: what the settings grant, and the answer when it is used up."""

from api.errors import ApiError
from api.services import Services
from db.reservation import Allowances, Refused


def allowances(shared: Services) -> Allowances:
    settings = shared.settings
    return Allowances(settings.anonymous_daily, settings.platform_daily_cap, settings.uncharged_daily)


def out_of_allowance(refused: Refused) -> ApiError:
    return ApiError(refused.code.value, retry_after=refused.retry_after)
