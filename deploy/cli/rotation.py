"""`smelt keys rotate`: every stored secret wrapped anew with the key ring's current key, while the service runs."""

from db.accounts.rewrap import Progress, rewrap_all
from db.session import Database, DatabaseUnavailable
from deploy.embedded.database import owner_url
from deploy.problems import DatabaseProblem, SettingsIncomplete
from deploy.secrets import SECRETS_FILE, read_secrets
from pipeline.content.keyring import KeyRing, KeyRingInvalid
from pipeline.settings import Settings, variable


def rotate(settings: Settings) -> bool:
    """Prints a line for each table. False: some secrets were wrapped by a key that isn't on the ring.

    Raises SettingsIncomplete, DatabaseProblem.
    """
    keyring = _keyring(settings)
    database = Database(owner_url(settings), pool_size=1)
    last: dict[str, Progress] = {}
    try:
        for progress in rewrap_all(database, keyring):
            last[progress.table] = progress
    except DatabaseUnavailable as problem:
        raise DatabaseProblem(
            f"Postgres can't be reached ({problem}); what is done stays done, so run it again"
        ) from problem
    finally:
        database.close()
    for progress in last.values():
        print(
            f"{progress.table}: {progress.rewrapped} wrapped anew, "
            f"{progress.seen - progress.rewrapped - progress.unreadable} were current, "
            f"{progress.unreadable} unreadable"
        )
    return not any(progress.unreadable for progress in last.values())


def _keyring(settings: Settings) -> KeyRing:
    """The ring that the service runs with: never one made up here."""
    if settings.keyring is not None:
        ring = settings.keyring.get_secret_value()
    else:
        ring = read_secrets(settings.data_dir / SECRETS_FILE).get("keyring", "")
    if not ring:
        raise SettingsIncomplete(f"{variable('keyring')} is not set")
    try:
        return KeyRing.parse(ring)
    except KeyRingInvalid as problem:
        raise SettingsIncomplete(str(problem)) from None
