"""The settings of the application's login: a role may alter its own, and they outlast the session that did."""

import logging

from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

log = logging.getLogger(__name__)

ROLE = "smelt_app"


def reset(connection: Connection) -> None:
    """Takes back what is set for `ROLE`, everywhere and in this database; what it may not, it names in the log.

    Where nothing is set nothing is written, and no right is needed. For one transaction at a time: two can't write the
    same role's settings at once.
    """
    if not (names := _settings(connection)):
        return
    database = connection.execute(text("select quote_ident(current_database())")).scalar_one()
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(f"alter role {ROLE} reset all")
            connection.exec_driver_sql(f"alter role {ROLE} in database {database} reset all")
    except ProgrammingError:
        log.warning(
            "the role %s has settings of its own (%s), which this login may not reset: as a superuser, run"
            " `alter role %s reset all` and `alter role %s in database %s reset all`",
            *(ROLE, ", ".join(names), ROLE, ROLE, database),
        )


def _settings(connection: Connection) -> list[str]:
    """Their names."""
    found = connection.execute(
        text(
            """
            select distinct split_part(setting, '=', 1) from pg_db_role_setting, unnest(setconfig) setting
            where setrole = to_regrole(:role) and setdatabase in (
                0, (select oid from pg_database where datname = current_database())
            ) order by 1
            """
        ),
        {"role": ROLE},
    )
    return list(found.scalars())
