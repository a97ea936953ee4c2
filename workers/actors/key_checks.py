"""Asks the provider again about users' own API keys that are in use: one that was revoked admits work no longer."""

import logging

from pydantic import SecretStr

from db.accounts.api_keys import (
    KeyToCheck,
    find_keys_to_check,
    mark_api_key_invalid,
    note_key_accepted,
    put_off_key_check,
)
from db.accounts.profiles import UserGone
from pipeline.content.keyring import KeyTampered, KeyUnknown, user_context
from pipeline.llm.provider_check import Verdict, check_api_key
from workers.runner.task import Task

log = logging.getLogger(__name__)

BATCH = 200  # keys of one run; there is a run a minute while any are due
PAUSE_SECONDS = 300.0  # before a key is asked about again of which nobody could tell
SILENT = 3  # keys in a row without an answer: the provider is away, and the others wait for the next run


def check_keys(task: Task) -> int:
    """Returns how many keys were told about. One of which nobody can tell stays as it is. Raises LostLease."""
    told, silent = 0, 0
    for due in task.services.record(lambda conn: find_keys_to_check(conn, BATCH)):
        task.lease.tick(0.0)
        verdict = _ask(task, due)
        _note(task, due, verdict)
        silent = silent + 1 if verdict is Verdict.UNKNOWN else 0
        told += verdict is not Verdict.UNKNOWN
        if silent == SILENT:
            break
    return told


def _ask(task: Task, due: KeyToCheck) -> Verdict:
    services = task.services
    try:
        api_key = services.keyring.unwrap(due.key.wrapped, user_context(due.user_id))
    except (KeyTampered, KeyUnknown) as error:
        log.error("an API key can't be unwrapped: %s", type(error).__name__)  # noqa: TRY400
        return Verdict.UNKNOWN
    return check_api_key(services.settings.user_key_base_url, SecretStr(api_key.decode()))


def _note(task: Task, due: KeyToCheck, verdict: Verdict) -> None:
    match verdict:
        case Verdict.ACCEPTED:
            task.services.record(lambda conn: note_key_accepted(conn, due.user_id, due.key))
        case Verdict.REJECTED:
            try:
                task.services.record(lambda conn: mark_api_key_invalid(conn, due.user_id, due.key))
            except UserGone:
                log.info("the user of a rejected API key is gone")
        case Verdict.UNKNOWN:
            task.services.record(lambda conn: put_off_key_check(conn, due.user_id, due.key, PAUSE_SECONDS))
