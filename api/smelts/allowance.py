"""Allowances: what the settings grant, and the answer when it is used up."""

from api.errors import ApiError, Code
from api.services import Services
from db.smelts.reservation import Allowances, RefusalCode, Refused
from pipeline.metrics.accounting import refusals

DETAILS = {
    RefusalCode.DAILY_LIMIT_REACHED: (
        "The smelts of this day are used up, or too many of them ended without a charge. More are taken after midnight "
        "UTC; a visitor who signs in has more."
    ),
    RefusalCode.CREDITS_EXHAUSTED: (
        "All credits of this week are used or reserved. They are full again on Monday 00:00 UTC; with an API key of "
        "your own there is no such limit."
    ),
    RefusalCode.BUSY: (
        "The service has taken as many smelts as it may today. It opens again at midnight UTC; with an API key of "
        "your own there is no such limit."
    ),
}


for _code in RefusalCode:
    refusals.labels(_code)  # from 0, so that the first is a rise


def allowances(shared: Services) -> Allowances:
    settings = shared.settings
    return Allowances(
        settings.anonymous_daily,
        settings.platform_daily_cap,
        settings.uncharged_daily,
        settings.weekly_credits,
        settings.key_check_seconds,
        settings.local_user,
    )


def out_of_allowance(refused: Refused) -> ApiError:
    refusals.labels(refused.code).inc()
    return ApiError(Code(refused.code), DETAILS[refused.code], retry_after=refused.retry_after)
