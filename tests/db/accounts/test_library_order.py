"""Libraries from before positions were kept apart come out in their order, without gaps."""

from uuid import UUID, uuid4

import psycopg

from db import migrate


def test_positions_that_repeat_are_numbered_anew(empty_database_url: str) -> None:
    migrate.upgrade(empty_database_url, "0003_policies")
    user, section = uuid4(), uuid4()
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute("insert into auth.users (id) values (%s)", [user])
        connection.execute(
            "insert into prompt_sections (id, user_id, title, position) values (%s, %s, 's', 7)",
            [section, user],
        )
        places = [("b", 4, None), ("c", 4, None), ("a", 0, None), ("x", 0, section), ("y", 9, section)]
        for number, (title, position, home) in enumerate(places):
            connection.execute(
                "insert into prompts (id, user_id, section_id, title, body, position) values (%s, %s, %s, %s, 'b', %s)",
                [UUID(int=number), user, home, title, position],
            )
        migrate.upgrade(empty_database_url, "0004_library_order")

        rows = connection.execute(
            "select title, position from prompts order by section_id nulls first, position"
        )
        assert rows.fetchall() == [("a", 0), ("b", 1), ("c", 2), ("x", 0), ("y", 1)]
        assert connection.execute("select position from prompt_sections").fetchall() == [(0,)]
        forced = "select bool_and(relforcerowsecurity) from pg_class where relname in ('prompts', 'prompt_sections')"
        assert connection.execute(forced).fetchone() == (True,)

    migrate.downgrade(empty_database_url, "0003_policies")
    migrate.upgrade(empty_database_url, "0004_library_order")
