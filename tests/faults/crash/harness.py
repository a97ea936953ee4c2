"""The harness around the lives: everything that survives a killed process, and the means to make good what it left."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx
import psycopg

from pipeline.settings import Settings
from tests.api.conftest import RunningApi, running
from tests.faults.crash.posts import Context, parts
from tests.faults.crash.work import Hands
from tests.support.cast import Cast, User, make_cast
from tests.support.receiver import Receiver, receiving
from workers.reconciler.loop import tick
from workers.reconciler.purge import purge_orphans
from workers.services import Services

CREDITS = 50
WEEKLY = 5
WORK = ("smelt_files", "smelt_outputs", "webhook_deliveries", "schedule_runs")
ROUNDS = 20  # in which whatever a killed process left must be through
AT_ONCE = timedelta(seconds=-1)  # how old an object may be for the sweep to leave it


@dataclass
class Harness:
    """`accepted`: smelts that a client was told of. `owner`: past the policies, each statement by itself."""

    settings: Settings
    services: Services
    hands: Hands
    api: RunningApi
    cast: Cast
    receiver: Receiver
    owner: "psycopg.Connection[tuple[object, ...]]"
    accepted: set[UUID] = field(default_factory=set)

    @property
    def ada(self) -> User:
        return self.cast.ada

    @property
    def content(self) -> Path:
        return self.api.content

    def clear(self) -> None:
        """As if nothing had happened yet. What the process before left in Postgres is over by then."""
        self.accepted.clear()
        self.receiver.received.clear()
        self.owner.execute(
            "delete from smelts; delete from schedule_runs; delete from fair_tenants; delete from anonymous_usage"
        )
        self.owner.execute(
            "update user_profiles set credits_remaining = %s, uncharged = 0,"
            " credits_reset_at = date_trunc('week', now(), 'utc') + interval '7 days'",
            [CREDITS],
        )

    def post_again(self, context: Context) -> UUID:
        """The same post with the same key, of a client that had no answer, or forgot it."""
        with self.client(context) as client:
            key = {"Idempotency-Key": context["key"]}
            answer = client.post("/v1/smelts", files=parts(context), headers=key)
        assert answer.status_code == 202, answer.text
        smelt_id = UUID(answer.json()["id"])
        self.accepted.add(smelt_id)
        return smelt_id

    def ask_again(self, context: Context) -> None:
        """What was done already is answered so."""
        with self.client(context) as client:
            answer = client.request(context["method"], context["path"])
        assert answer.is_success or answer.status_code in (404, 409), answer.text

    def spend(self) -> list[UUID]:
        """One credit of everybody who has some; returns who they are."""
        rows = self.owner.execute(
            "update user_profiles set credits_remaining = credits_remaining - 1 where credits_remaining > 0"
            " returning user_id"
        )
        return [UUID(str(row[0])) for row in rows]

    def come_to_rest(self) -> None:
        """Leases run out, the reconciler comes by, healthy workers do what there is."""
        for _ in range(ROUNDS):
            for table in WORK:
                self.owner.execute(
                    f"update {table} set lease_until = now() - interval '1 second' where status = 'processing'".encode()
                )
                self.owner.execute(f"update {table} set run_at = now() where run_at is not null".encode())
            tick(self.services)
            self.hands.work()
            if not self.unfinished():
                return
        raise AssertionError(f"left after {ROUNDS} rounds: {self.unfinished()}")

    def unfinished(self) -> list[tuple[object, ...]]:
        work = " union all ".join(
            f"select '{table}', id, status::text, attempt from {table} where finished_at is null"
            for table in WORK
        )
        smelts = "select 'smelts', id, status::text, 0 from smelts where finished_at is null"
        return self.owner.execute(f"{work} union all {smelts}".encode()).fetchall()

    def delete_everything(self) -> None:
        """As its owner does; afterwards the hourly job comes by."""
        rows = self.owner.execute("select id from smelts where user_id is not null").fetchall()
        with self.api.client(self.ada.headers) as client:
            for (smelt_id,) in rows:
                answer = client.delete(f"/v1/smelts/{smelt_id}")
                assert answer.status_code == 204, answer.text
        purge_orphans(self.services, AT_ONCE)

    def objects(self) -> list[Path]:
        return [path for path in self.content.rglob("*") if path.is_file()]

    def client(self, context: Context) -> httpx.Client:
        return self.api.client({"Authorization": context["authorization"]})


@contextmanager
def harness(settings: Settings, owner_url: str) -> Iterator[Harness]:
    """`settings`: with a database that is migrated and empty."""
    cast = make_cast(owner_url, settings)
    services = Services.open(settings)
    with (
        receiving() as receiver,
        running(settings) as api,
        psycopg.connect(owner_url, autocommit=True) as owner,
    ):
        for user in (cast.ada, cast.bob):
            with api.client(user.headers) as client:
                client.post("/v1/webhook-secret").raise_for_status()
        hands = Hands(services)
        yield Harness(settings, services, hands, api, cast, receiver, owner)
        hands.close()
    services.close()
