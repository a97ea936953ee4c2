"""What is large is read and written as JSON where it holds up nobody: `/healthz` is answered meanwhile."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import text

from db.session import Database
from db.smelts.admission import admit
from pipeline.states import DefaultPromptName
from tests.support.api_processes import OneApi, one_api
from tests.support.api_watch import TRIES, connection, goes_on
from tests.support.cast import Cast, make_cast
from tests.support.engines import Servers
from tests.support.smelts import PLENTY, new_smelt, set_credits

FILES = 1_000
PROMPTS = 1_000
CREDITS = 100


@pytest.fixture(scope="module")
def api(servers: Servers, migrated_template: str) -> Iterator[OneApi]:
    with one_api(servers, migrated_template) as api:
        yield api


@pytest.fixture(scope="module")
def cast(api: OneApi) -> Cast:
    return make_cast(api.owner_url, api.settings)


@pytest.fixture
def database(api: OneApi) -> Iterator[Database]:
    database = Database(api.settings.need("database_url"))
    yield database
    database.close()


@pytest.fixture
def unseen(database: Database, cast: Cast) -> list[UUID]:
    """Smelts of a thousand recordings with five outputs each, which nobody has asked for yet: one for each try."""
    found = []
    with database.service() as conn:
        set_credits(conn, cast.ada.id, CREDITS)
        for _ in range(TRIES):
            smelt = new_smelt(cast.ada.id, audio=FILES, prompts=tuple(DefaultPromptName))
            admit(conn, smelt, replace(PLENTY, weekly_credits=CREDITS))
            found.append(smelt.id)
    return found


def read(api: OneApi, cast: Cast, path: str, size: int) -> None:
    """So many bytes of the reply, at the least."""
    client = connection(api)
    try:
        client.request("GET", path, headers=cast.ada.headers)
        reply = client.getresponse()
        assert reply.status == 200
        assert len(reply.read(size)) == size
    finally:
        client.close()


@pytest.mark.parametrize("path", ["/v1/smelts/{}", "/v1/smelts/{}/events"])
def test_a_large_smelt_that_is_read_for_the_first_time(
    api: OneApi, cast: Cast, unseen: list[UUID], path: str
) -> None:
    goes_on(api, lambda: read(api, cast, path.format(unseen.pop()), 1_500_000))


@pytest.mark.parametrize("path", ["/v1/prompts", "/v1/account/export"])
def test_a_full_library(api: OneApi, cast: Cast, database: Database, path: str) -> None:
    with database.service() as conn:
        conn.execute(text("delete from prompts"))
        conn.execute(
            text(
                """
                insert into prompts (id, user_id, title, body, position)
                select gen_random_uuid(), :user_id, 'Prompt ' || n, repeat('é', 4000), n
                from generate_series(1, :most) n
                """
            ),
            {"user_id": cast.ada.id, "most": PROMPTS},
        )
    goes_on(api, lambda: read(api, cast, path, 2 * 4_000 * PROMPTS))
