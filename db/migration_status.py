"""Which migrations a database has run, and which it hasn't. Changes nothing."""

from dataclasses import dataclass

from sqlalchemy import create_engine, pool, text

from db.migrate import TABLE
from db.migrations import revisions
from db.session import engine_url


@dataclass(frozen=True, slots=True)
class Status:
    """`last`: None where there is no schema. `known`: whether these migrations lead on from it."""

    last: str | None

    @property
    def known(self) -> bool:
        return self.last is None or self.last in revisions()

    @property
    def pending(self) -> tuple[str, ...]:
        """What `smelt migrate` would run, in that order; nothing of a schema that isn't known."""
        if not self.known:
            return ()
        return revisions() if self.last is None else revisions()[revisions().index(self.last) + 1 :]


def status(url: str) -> Status:
    """`url`: the owner's, or another's that may read `smelt_meta`."""
    with create_engine(engine_url(url), poolclass=pool.NullPool).connect() as connection:
        if connection.execute(text("select to_regclass(:table)"), {"table": TABLE}).scalar_one() is None:
            return Status(None)
        last = connection.execute(text(f"select version_num from {TABLE}")).scalar_one_or_none()
        return Status(last)
