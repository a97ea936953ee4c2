"""The list of all checks, in groups; what a group's first lacks keeps those behind it from being asked."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial

from db import diagnosis
from db.readiness import able_to_serve
from db.session import Database
from deploy.doctor import probes
from deploy.secrets import check_alone
from pipeline.checks import Check, NotReady
from pipeline.content.keyring import KeyRing
from pipeline.content.store import ContentStore
from pipeline.settings import Settings


@dataclass(frozen=True, slots=True)
class Finding:
    name: str
    ok: bool
    message: str


def doctor(settings: Settings, webhook: str | None, *, as_json: bool) -> bool:
    """Prints a line for each check, or all as one JSON document. False: something is wrong.

    Raises SettingsIncomplete.
    """
    check_alone(settings, "api")
    database = Database(settings.need("database_url"), process="smelt doctor", pool_size=1)
    findings = []
    try:
        for finding in examined(groups(settings, database, webhook)):
            findings.append(finding)
            if not as_json:
                print(f"{'ok   ' if finding.ok else 'WRONG'}  {finding.name}: {finding.message}", flush=True)
    finally:
        database.close()
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))
    return all(finding.ok for finding in findings)


def groups(settings: Settings, database: Database, webhook: str | None) -> list[list[Check]]:
    keyring = KeyRing.parse(settings.need("keyring"))
    ready, ring, store = able_to_serve(database, keyring, _store(settings))
    found = [
        [
            ready,
            Check("database version", partial(diagnosis.version, database)),
            Check("database login", partial(diagnosis.login, database)),
            Check("row-level security", partial(diagnosis.policies, database)),
            Check("clock", partial(diagnosis.clock, database)),
            Check("pooler", partial(diagnosis.pooler, database)),
            ring,
            Check("stored keys", partial(diagnosis.keys, database, keyring)),
        ],
        [Check("Redis", partial(probes.queue_notifications, settings))],
        [store, Check("disk", partial(probes.room, settings, _store(settings)))],
        [Check("speech model", partial(probes.speech_model, settings))],
        [Check("language model", partial(probes.language_model, settings))],
        [Check("limits", partial(probes.descriptors, settings))],
    ]
    if webhook is not None:
        found.append([Check("webhook", partial(probes.webhook, settings, webhook))])
    return found


def _store(settings: Settings) -> ContentStore:
    return ContentStore.open_url(
        settings.need("content_url"), allow_http=settings.s3_allow_http, make=False, hasty=True
    )


def examined(found: Sequence[Sequence[Check]]) -> Iterator[Finding]:
    for group in found:
        for check in group:
            try:
                yield Finding(check.name, True, check.probe())
            except NotReady as error:
                yield Finding(check.name, False, error.full)
                break
