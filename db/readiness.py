"""Whether the database is one that this service can work on: reachable, up to date, and with the rights it needs."""

from sqlalchemy.exc import DBAPIError

from db.migrations import is_unreleased, newest, revisions
from db.session import Database
from db.statement import cached_text


class NotReady(Exception):
    """The message says why, for whoever runs the service; it holds no value of the database's."""


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
    except DBAPIError as error:
        reason = f"The database doesn't let the service work ({type(error.orig).__name__})"
        raise NotReady(
            f"{reason}: `smelt migrate` brings it up to date and resets the role's settings."
        ) from error
    if version is not None and is_unreleased(version):
        raise NotReady(
            "The database's schema is from before the first release: `smelt migrate` says what to do."
        )
    # A later service's is none that this one knows, and no reason to stop.
    if version in revisions() and version != newest():
        raise NotReady("The database's schema is older than the service: run `smelt migrate`.")
