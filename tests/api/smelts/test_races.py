"""Fifty clients at once who want more than there is: over HTTP, and across two processes of the API."""

from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from db.session import Database
from db.work.claims import claim_next
from db.work.outputs import OUTPUTS, begin_output, fail_output, finish_output
from deploy.local_users import mint
from pipeline.states import ErrorCode
from tests.support import llm_server
from tests.support.api_processes import CROWD, TwoApis, two_apis
from tests.support.engines import Servers
from tests.support.llm_server import LlmServer
from tests.support.rows import set_credits
from tests.support.secrets import JWT_SECRET

NOTE: dict[str, Any] = {"texts": ["Ann ships on Friday."], "default_prompt_names": ["summarize"]}
TWO: dict[str, Any] = {**NOTE, "default_prompt_names": ["summarize", "action_items"]}
CAP = 7
KEY = "sk-planted-key-of-ada-7Q2w"


@pytest.fixture(scope="module")
def provider() -> Iterator[LlmServer]:
    with llm_server.running() as server:
        server.api_key = KEY
        yield server


@pytest.fixture(scope="module")
def apis(servers: Servers, migrated_template: str, provider: LlmServer) -> Iterator[TwoApis]:
    with two_apis(servers, migrated_template, user_key_base_url=provider.url, rate_key_checks=1_000) as apis:
        yield apis


class Somebody:
    """A user who signs in for the first time."""

    def __init__(self) -> None:
        self.id = uuid4()
        token = mint(JWT_SECRET, "authenticated", self.id, f"{self.id.hex}@example.org")
        self.headers = {"Authorization": f"Bearer {token}"}


@pytest.fixture
def ada() -> Somebody:
    return Somebody()


def answers(replies: list[httpx.Response]) -> dict[tuple[int, str | None], int]:
    """How often each status and code came."""
    return dict(Counter((reply.status_code, reply.json().get("code")) for reply in replies))


def post(client: httpx.Client, _: int) -> httpx.Response:
    return client.post("/v1/smelts", json=NOTE)


def accepted(replies: list[httpx.Response]) -> set[str]:
    return {reply.json()["id"] for reply in replies if reply.status_code == 202}


def one_value(database: Database, sql: str, user_id: UUID | None = None) -> Any:
    with database.service() as conn:
        return conn.execute(text(sql), {"id": user_id}).scalar_one()


def smelts_of(apis: TwoApis, user: Somebody) -> int:
    return int(one_value(apis.database, "select count(*) from smelts where user_id = :id", user.id))


def credits_of(apis: TwoApis, user: Somebody) -> int:
    sql = "select credits_remaining from user_profiles where user_id = :id"
    return int(one_value(apis.database, sql, user.id))


def end_one(apis: TwoApis, *, well: bool) -> None:
    with apis.database.service() as conn:
        claim = claim_next(conn, OUTPUTS, 30)
    assert claim is not None
    with apis.database.service() as conn:
        begin_output(conn, claim)
    with apis.database.service() as conn:
        if well:
            finish_output(conn, claim, "model", 1, 1)
        else:
            fail_output(conn, claim, ErrorCode.SYNTHESIS_FAILED)


@pytest.fixture
def nothing_waits(apis: TwoApis) -> None:
    """So that the next claim is of the test's own smelt."""
    with apis.database.service() as conn:
        conn.execute(text("delete from smelts"))


def test_the_last_credit_admits_one(apis: TwoApis, ada: Somebody) -> None:
    with apis.client(ada.headers) as client:
        client.get("/v1/profile").raise_for_status()
    set_credits(apis.database, ada.id, 1)
    before = apis.stored()
    replies = apis.crowd(post, lambda _: ada.headers)
    assert answers(replies) == {(202, None): 1, (429, "credits_exhausted"): CROWD - 1}
    assert smelts_of(apis, ada) == 1
    assert apis.stored() - before == accepted(replies)


def test_one_address_is_admitted_once(apis: TwoApis) -> None:
    before = apis.stored()
    replies = apis.crowd(post, address=lambda _: "127.0.1.1")
    assert answers(replies) == {(202, None): 1, (429, "daily_limit_reached"): CROWD - 1}
    assert apis.stored() - before == accepted(replies)


def test_first_sign_ins_make_one_profile(apis: TwoApis, ada: Somebody) -> None:
    replies = apis.crowd(lambda client, _: client.get("/v1/profile"), lambda _: ada.headers)
    assert answers(replies) == {(200, None): CROWD}
    assert one_value(apis.database, "select count(*) from user_profiles where user_id = :id", ada.id) == 1
    assert one_value(apis.database, "select count(*) from auth.users where id = :id", ada.id) == 1
    assert credits_of(apis, ada) == 5


@pytest.mark.parametrize("signed_in", [True, False])
def test_one_idempotency_key_makes_one_smelt(apis: TwoApis, ada: Somebody, signed_in: bool) -> None:
    before = apis.stored()
    replies = apis.crowd(
        lambda client, _: client.post("/v1/smelts", json=NOTE, headers={"Idempotency-Key": "once"}),
        lambda _: ada.headers if signed_in else {},
        lambda _: "127.0.1.2",
    )
    assert answers(replies) == {(202, None): CROWD}
    assert len(accepted(replies)) == 1
    assert len({reply.json().get("access_token") for reply in replies}) == 1
    assert apis.stored() - before == accepted(replies)


@pytest.mark.usefixtures("nothing_waits")
def test_cancels_after_a_result_charge_once(apis: TwoApis, ada: Somebody) -> None:
    with apis.client(ada.headers) as client:
        smelt = client.post("/v1/smelts", json=TWO).json()
    end_one(apis, well=True)
    replies = apis.crowd(
        lambda client, _: client.post(f"/v1/smelts/{smelt['id']}/cancel"), lambda _: ada.headers
    )
    assert answers(replies) == {(200, None): 1, (409, "already_finished"): CROWD - 1}
    assert credits_of(apis, ada) == 4


@pytest.mark.usefixtures("nothing_waits")
def test_retries_start_it_once(apis: TwoApis, ada: Somebody) -> None:
    with apis.client(ada.headers) as client:
        smelt = client.post("/v1/smelts", json=NOTE).json()
    end_one(apis, well=False)
    set_credits(apis.database, ada.id, 1)
    replies = apis.crowd(
        lambda client, _: client.post(f"/v1/smelts/{smelt['id']}/retry"), lambda _: ada.headers
    )
    assert Counter(reply.status_code for reply in replies) == {202: 1, 409: CROWD - 1}
    end_one(apis, well=True)
    assert credits_of(apis, ada) == 0


def test_keys_put_and_deleted_at_once_leave_one_state(apis: TwoApis, ada: Somebody) -> None:
    """Either there is a key and it is valid, or there is none: whoever came last."""

    def put_or_delete(client: httpx.Client, n: int) -> httpx.Response:
        if n // 2 % 2:
            return client.put("/v1/api-key", json={"api_key": KEY})
        client.delete("/v1/api-key").raise_for_status()
        return client.get("/v1/api-key")

    replies = apis.crowd(put_or_delete, lambda _: ada.headers)
    assert {reply.status_code for reply in replies} == {200}
    keys = one_value(apis.database, "select count(*) from user_api_keys where user_id = :id", ada.id)
    status = one_value(
        apis.database, "select api_key_status::text from user_profiles where user_id = :id", ada.id
    )
    assert (keys, status) in {(1, "valid"), (0, "none")}
    for told in (reply.json() for reply in replies):
        assert (told["status"], told["last_four"]) in {("valid", KEY[-4:]), ("none", None)}


@pytest.fixture
def seven_are_left(apis: TwoApis) -> Iterator[None]:
    """Of today's smelts on the platform, and visitors have made none of those before."""
    taken = apis.settings.platform_daily_cap - CAP
    with apis.database.service() as conn:
        conn.execute(text("delete from smelts"))
        conn.execute(text("delete from anonymous_usage"))
        conn.execute(text("delete from platform_usage"))
        insert = (
            "insert into platform_usage (date_utc, taken) values ((now() at time zone 'utc')::date, :taken)"
        )
        conn.execute(text(insert), {"taken": taken})
    yield
    with apis.database.service() as conn:
        conn.execute(text("delete from platform_usage"))


@pytest.mark.usefixtures("seven_are_left")
def test_the_platforms_cap_is_exact_among_strangers(apis: TwoApis) -> None:
    """Every other is signed in, the others are visitors from as many addresses."""
    users = [Somebody() for _ in range(CROWD)]
    for user in users[::2]:
        with apis.client(user.headers) as client:
            client.get("/v1/profile").raise_for_status()
    before = apis.stored()
    replies = apis.crowd(post, lambda n: {} if n % 2 else users[n].headers, lambda n: f"127.0.2.{n + 1}")
    assert answers(replies) == {(202, None): CAP, (503, "busy"): CROWD - CAP}
    refused = [reply for reply in replies if reply.status_code == 503]
    assert all(0 < int(reply.headers["Retry-After"]) <= 86_400 for reply in refused)
    assert one_value(apis.database, "select taken from platform_usage") == apis.settings.platform_daily_cap
    assert one_value(apis.database, "select count(*) from smelts") == CAP
    assert apis.stored() - before == accepted(replies)
    # Who was refused has lost nothing by it.
    assert one_value(apis.database, "select coalesce(sum(count), 0) from anonymous_usage") == sum(
        reply.status_code == 202 for reply in replies[1::2]
    )
