"""No two prompts of a section, and no two sections of a user, stand at one position, whoever writes."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.support.cast import Cast

SECTION = UUID(int=1)


@pytest.fixture
def library(owner_url: str, cast: Cast) -> Iterator[psycopg.Cursor]:
    """Of one section at 0, with the prompts x and y at 0 and 1, beside a, b and c, which are in no section."""
    with psycopg.connect(owner_url, autocommit=True) as connection:
        cursor = connection.cursor()
        put_section(cursor, SECTION, cast.ada.id, 0)
        for title, position, home in [
            ("a", 0, None),
            ("b", 1, None),
            ("c", 2, None),
            ("x", 0, SECTION),
            ("y", 1, SECTION),
        ]:
            put_prompt(cursor, cast.ada.id, title, position, home)
        yield cursor


def put_section(cursor: psycopg.Cursor, section: UUID, user: UUID, position: int) -> None:
    sql = "insert into prompt_sections (id, user_id, title, position) values (%s, %s, 's', %s)"
    cursor.execute(sql, [section, user, position])


def put_prompt(cursor: psycopg.Cursor, user: UUID, title: str, position: int, home: UUID | None) -> None:
    sql = "insert into prompts (id, user_id, section_id, title, body, position) values (%s, %s, %s, %s, 'b', %s)"
    cursor.execute(sql, [uuid4(), user, home, title, position])


def order(cursor: psycopg.Cursor) -> list[tuple[str, int]]:
    return cursor.execute(
        "select title, position from prompts order by section_id nulls first, position"
    ).fetchall()


@pytest.mark.parametrize("home", [None, SECTION])
def test_positions_of_prompts_do_not_repeat(library: psycopg.Cursor, cast: Cast, home: UUID | None) -> None:
    made = order(library)
    with pytest.raises(psycopg.errors.UniqueViolation, match="prompts_position"):
        put_prompt(library, cast.ada.id, "z", 1, home)
    assert order(library) == made == [("a", 0), ("b", 1), ("c", 2), ("x", 0), ("y", 1)]
    put_prompt(library, cast.bob.id, "z", 1, None)  # another user's are others


def test_positions_of_sections_do_not_repeat(library: psycopg.Cursor, cast: Cast) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation, match="prompt_sections_position"):
        put_section(library, uuid4(), cast.ada.id, 0)
    put_section(library, uuid4(), cast.bob.id, 0)
    put_section(library, uuid4(), cast.ada.id, 1)


def test_a_new_order_may_pass_through_repetition(library: psycopg.Cursor) -> None:
    """Looked at as the transaction ends, not before."""
    with library.connection.transaction():
        library.execute("update prompts set position = 1 where title = 'a'")
        library.execute("update prompts set position = 0 where title = 'b'")
    assert order(library)[:3] == [("b", 0), ("a", 1), ("c", 2)]


def test_policies_hold_for_the_owner_of_a_library_too(library: psycopg.Cursor) -> None:
    forced = (
        "select bool_and(relforcerowsecurity) from pg_class where relname in ('prompts', 'prompt_sections')"
    )
    assert library.execute(forced).fetchone() == (True,)
