"""What an output takes of the others' time, as the fair order sees it."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import cast

import pytest
from sqlalchemy import text

from pipeline.content.keyring import smelt_context
from pipeline.content.store import Kind, ObjectName
from pipeline.errors import WorkError
from pipeline.llm.documents import Document
from pipeline.llm.engines.base import OnProgress, PromptSpec, Synthesis
from pipeline.states import ErrorCode
from tests.support.smelts import admit_all, new_smelt
from workers.actors import synthesize
from workers.notifications.queues import ActorName
from workers.pools.engines import SynthesisEngines
from workers.runner.excess_usage import ExcessUsage
from workers.runner.run import run_next
from workers.services import Services

KEY = bytes(32)


class Slow:
    """Lends itself; takes `seconds` by a clock of its own, and fails with `error`, if there is one."""

    def __init__(self, seconds: float, error: WorkError | None = None) -> None:
        self._seconds, self._error, self._now = seconds, error, 0.0

    def clock(self) -> float:
        return self._now

    @contextmanager
    def borrow(self, _key: object) -> Iterator["Slow"]:
        yield self

    def apply(self, _prompt: PromptSpec, documents: Sequence[Document], on_progress: OnProgress) -> Synthesis:
        for _ in range(10):
            self._now += self._seconds / 10
            on_progress(0.5)
        if self._error is not None:
            raise self._error
        return Synthesis(documents[0].transcript.text, "slow", 1, 1)


def debited(services: Services, monkeypatch: pytest.MonkeyPatch, engine: Slow) -> float:
    """By how many seconds the first of three texts moves what its tenant still has waiting, with a rival."""
    for tenant in ("ip:a", "ip:b"):
        new = new_smelt(None, texts=3, tenant=tenant)
        for file in new.files:
            services.content.put(ObjectName(new.id, file.id, Kind.INPUT, 0), KEY, b"Ann ships on Friday.")
        with services.database.service() as conn:
            admit_all(conn, new)
            wrapped = services.keyring.wrap(KEY, smelt_context(new.id))
            conn.execute(
                text("update smelts set content_key = :key where id = :id"), {"key": wrapped, "id": new.id}
            )
    before, rivals = last_of(services, "ip:a"), last_of(services, "ip:b")
    monkeypatch.setattr(synthesize, "ExcessUsage", partial(ExcessUsage, clock=engine.clock))
    engines = cast("SynthesisEngines", engine)
    run = partial(synthesize.synthesize, engines=engines)
    assert run_next(services, ActorName.APPLY_SEPARATE, run, threading.Event())
    assert last_of(services, "ip:b") == rivals
    return last_of(services, "ip:a") - before


def last_of(services: Services, tenant: str) -> float:
    with services.database.service() as conn:
        return float(
            conn.execute(
                text("select last_tag from fair_tenants where queue = 'synthesize' and tenant = :tenant"),
                {"tenant": tenant},
            ).scalar_one()
        )


@pytest.mark.parametrize(
    "error", [None, WorkError(ErrorCode.SYNTHESIS_FAILED), WorkError(ErrorCode.TIMED_OUT, retryable=True)]
)
def test_an_answer_without_end_is_debited_to_its_tenant(
    services: Services, monkeypatch: pytest.MonkeyPatch, error: WorkError | None
) -> None:
    """A kilobyte costs three seconds by what is read of it."""
    assert debited(services, monkeypatch, Slow(1_000.0, error)) == pytest.approx(997.0)


def test_what_is_merely_slow_owes_no_more(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    assert debited(services, monkeypatch, Slow(20.0)) == 0.0
