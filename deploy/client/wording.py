"""A refusal in the words of the command: `--prompt`, where the API says `default_prompt_names`; and what to do."""

from smelt_client import Fault, Refused, SmeltError, Unreachable

_NAMES = {
    "default_prompt_names": "--prompt",
    "user_prompt_id": "--own-prompt",
    "mode": "--combine",
    "language": "--language",
    "vocabulary": "--vocabulary",
    "task": "--translate",
    "channels": "--channels",
    "speakers": "--speakers",
    "min_speakers": "--min-speakers",
    "max_speakers": "--max-speakers",
    "content_ttl": "--ttl",
    "files": "FILES",
    "texts": "the text from stdin",
    "created_after": "--after",
    "created_before": "--before",
    "section_id": "--section",
    "expires_at": "--expires",
    "title": "the title",
    "body": "the prompt's text",
    "name": "the name",
    "api_key": "the key",
}
_A_TOKEN = "give a token with --token or SMELT_TOKEN (`smelt up` prints one)"  # noqa: S105 - no secret
_TO_DO = {
    "authentication_required": _A_TOKEN,
    "sign_in_required": _A_TOKEN,
    "invalid_token": f"it may have expired; {_A_TOKEN}",
    "not_ready": "`smelt get ID --wait` stays until it has ended",
    "no_speakers": "`smelt submit --speakers` has them told apart",
    "not_found": "it may be another's, or deleted; `smelt list` has yours",
    "daily_limit_reached": "`smelt usage` has the limits",
    "credits_exhausted": "`smelt usage` has the limits",
    "file_too_large": "`smelt usage` has the limits",
    "too_many_tokens": "`smelt token list` has them, `smelt token revoke` ends one",
}


def in_words_of_the_command(failure: SmeltError) -> str:
    """One line: what is wrong, where, and what to do about it."""
    if not isinstance(failure, Refused | Unreachable):
        return str(failure)
    said = "; ".join(map(_fault, failure.faults)) or failure.detail
    if failure.code == "invalid_token":
        said = f"{failure.address} doesn't take this token"
    hints = [_TO_DO.get(failure.code), _another(failure), _wait(failure.retry_after)]
    return " ".join([said, *(f"({hint})" for hint in hints if hint)])


def duration(seconds: float) -> str:
    """Such as `40 s`, `12 min`, `3 h 20 min`: what matters of it."""
    whole = max(0, round(seconds))
    if whole < 90:
        return f"{whole} s"
    minutes = round(whole / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def _fault(fault: Fault) -> str:
    name = fault.filename or (fault.field and _NAMES.get(fault.field, fault.field))
    return ": ".join(filter(None, (name, fault.detail)))


def _wait(seconds: float | None) -> str | None:
    return None if seconds is None else f"again in {duration(seconds)}"


def _another(failure: Refused | Unreachable) -> str | None:
    """Where nobody answered, or another did: the address may be a wrong one."""
    if isinstance(failure, Refused) or failure.code or failure.status >= 500 or not failure.address:
        return None
    return "--server or SMELT_SERVER names another service"
