"""Whether a process can serve: on a database that is reachable, up to date and gives the rights; with a key ring that
opens what that holds; on a content store that takes and gives back.
"""

from functools import partial

from sqlalchemy.exc import DBAPIError

from db.migrations import is_unreleased, newest, revisions
from db.session import Database, DatabaseUnavailable, SchemaUnusable
from db.smelts.content_keys import get_latest_key
from db.statement import cached_text
from pipeline.checks import Check, NotReady
from pipeline.content.errors import ContentError
from pipeline.content.keyring import KeyRing, KeyTampered, KeyUnknown, smelt_context
from pipeline.content.round_trip import round_trip
from pipeline.content.store import ContentStore

KEY_RING_BELIEVED, STORE_BELIEVED = 30.0, 60.0  # seconds


def able_to_serve(database: Database, keyring: KeyRing, content: ContentStore) -> tuple[Check, ...]:
    """The quick ones. `content`: one that gives up soon."""
    return (
        Check("database", partial(schema, database)),
        Check("key ring", RingOpens(database, keyring), KEY_RING_BELIEVED),
        Check("content store", partial(stores, content), STORE_BELIEVED),
    )


def schema(database: Database) -> str:
    """Raises NotReady."""
    try:
        check_ready(database)
    except DatabaseUnavailable as error:
        raise out_of_reach(error) from error
    return f"reachable, with the schema of this service ({newest()})"


def out_of_reach(error: DatabaseUnavailable) -> NotReady:
    return NotReady(
        "The database is out of reach: see DATABASE_URL; on a new server run `smelt migrate` first.",
        str(error),
    )


def check_ready(database: Database) -> None:
    """Reads the schema's version, and asks for the rights to every table that admission and claims touch.

    By the way of every other transaction, so that what would break those shows here. Locks nothing. Raises NotReady,
    db.session.DatabaseUnavailable.
    """
    try:
        with database.service() as conn:
            version = conn.execute(
                cached_text("select version_num from smelt_meta.migrations")
            ).scalar_one_or_none()
            # Without a row of them: whether the tables are found, and may be read and written.
            conn.execute(
                cached_text("select from smelts, smelt_files, smelt_outputs, user_profiles where false")
            )
            conn.execute(cached_text("update smelts set version = version where false"))
    except SchemaUnusable as error:
        raise _not_ours(str(error)) from error
    except DBAPIError as error:
        raise _not_ours(type(error.orig).__name__) from error
    if version is not None and is_unreleased(version):
        raise NotReady(
            "The database's schema is from before the first release: `smelt migrate` says what to do."
        )
    # A later service's is none that this one knows, and no reason to stop.
    if version in revisions() and version != newest():
        raise NotReady("The database's schema is older than the service: run `smelt migrate`.")


def _not_ours(kind: str) -> NotReady:
    return NotReady(
        f"The database doesn't let the service work ({kind}):"
        " `smelt migrate` brings it up to date and resets the role's settings."
    )


class RingOpens:
    """Whether the ring opens the key that was stored last. Asked until it does: what another process with another ring
    stores later must not stop those that are right.
    """

    def __init__(self, database: Database, keyring: KeyRing) -> None:
        self._database = database
        self._keyring = keyring
        self._opened = False

    def __call__(self) -> str:
        """Raises NotReady."""
        if self._opened:
            return "opens what the database holds"
        try:
            with self._database.service() as conn:
                latest = get_latest_key(conn)
        except DatabaseUnavailable as error:
            raise out_of_reach(error) from error
        if latest is None:
            return "there is nothing yet that it has to open"
        opens(self._keyring, latest.wrapped, smelt_context(latest.smelt_id))
        self._opened = True
        return "opens what the database holds"


def opens(keyring: KeyRing, wrapped: bytes, context: bytes) -> None:
    """Raises NotReady."""
    try:
        keyring.unwrap(wrapped, context)
    except (KeyUnknown, KeyTampered) as error:
        raise NotReady(
            "The key ring doesn't open what the database holds: SMELT_KEYRING must be the same for every process.",
            str(error.detail),
        ) from error


def stores(content: ContentStore) -> str:
    """Raises NotReady."""
    try:
        round_trip(content)
    except ContentError as error:
        raise NotReady(error.detail) from error
    return "takes content, gives it back, and deletes it"
