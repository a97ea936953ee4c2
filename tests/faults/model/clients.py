"""Clients' orders: each is granted or refused as the documentation says."""

from dataclasses import dataclass
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from db.smelts import control
from db.smelts.content_keys import delete_smelt
from db.smelts.reservation import Refused
from pipeline.states import DefaultPromptName, SmeltMode
from tests.faults.model.ledger import ALLOWANCES
from tests.faults.model.snapshot import Row, ended
from tests.faults.model.watch import Watch, anything

MOST_SMELTS = 4
AGE = 604_800  # seconds that content may be there
SUMMARY, ITEMS = DefaultPromptName.SUMMARIZE, DefaultPromptName.ACTION_ITEMS


@dataclass(frozen=True)
class Order:
    """`who`: a user, or after the last of them a visitor. `audio`, `texts`: how many."""

    who: int
    mode: SmeltMode
    audio: int
    texts: int
    prompts: tuple[DefaultPromptName, ...]
    webhook: bool


orders = st.builds(
    Order,
    who=st.integers(0, 3),
    mode=st.sampled_from(SmeltMode),
    audio=st.integers(0, 2),
    texts=st.integers(0, 2),
    prompts=st.sampled_from([(), (SUMMARY,), (SUMMARY, ITEMS)]),
    webhook=st.booleans(),
)


class Clients(Watch):
    @precondition(lambda self: len(self.now.smelts) < MOST_SMELTS)
    @rule(order=orders)
    def post(self, order: Order) -> None:
        user = self.harness.users[order.who] if order.who < len(self.harness.users) else None
        new, key = self.harness.make_smelt(
            user,
            mode=SmeltMode.SEPARATE if user is None else order.mode,
            audio=order.audio
            or (0 if order.texts and order.prompts else 1),  # else there would be nothing to do
            texts=order.texts,
            prompts=order.prompts,
            webhook=order.webhook,
        )
        if self.ledger.admits(self.now, new.tier, None if user is None else str(user)):
            self.harness.post(new, key)
            self.look()
            assert str(new.id) in self.now.smelts
            self.posted += 1
        else:
            with pytest.raises(Refused):
                self.harness.post(new, key)
            self.nothing_changed()

    @precondition(lambda self: self.now.smelts)
    @rule(which=anything)
    def cancel(self, which: int) -> None:
        smelt = self.smelt(which)
        if ended(smelt):
            with pytest.raises(control.AlreadyEnded):
                self._cancel(smelt)
            self.nothing_changed()
        else:
            self._cancel(smelt)
            self.look()
            assert self.now.smelts[smelt["id"]]["status"] == "canceled"

    @precondition(lambda self: any(ended(smelt) for smelt in self.now.smelts.values()))
    @rule(which=anything)
    def retry(self, which: int) -> None:
        smelt = self.smelt(which, [smelt for smelt in self.now.smelts.values() if ended(smelt)])
        refusal = self._refusal(smelt)
        if refusal is not None:
            with pytest.raises(refusal):
                self._retry(smelt)
            self.nothing_changed()
        else:
            self._retry(smelt)
            self.look()
            assert not ended(self.now.smelts[smelt["id"]])

    @precondition(lambda self: self.now.smelts)
    @rule(which=anything, metadata_too=st.booleans())
    def delete(self, which: int, metadata_too: bool) -> None:
        smelt_id = UUID(self.smelt(which)["id"])
        with self.harness.database.service() as conn:
            control.delete_content(conn, smelt_id)
        self.look()
        self.harness.services.content.delete_smelt(smelt_id)
        if metadata_too:
            with self.harness.database.service() as conn:
                assert delete_smelt(conn, smelt_id)
            self.look()
            assert str(smelt_id) not in self.now.smelts

    def _cancel(self, smelt: Row) -> None:
        with self.harness.database.service() as conn:
            control.cancel(conn, UUID(smelt["id"]))

    def _retry(self, smelt: Row) -> None:
        smelt_id = UUID(smelt["id"])
        with self.harness.database.service() as conn:
            ready = control.retry(conn, smelt_id, ALLOWANCES, AGE)
        self.harness.notify(smelt_id, SmeltMode(smelt["mode"]), ready)

    def _refusal(self, smelt: Row) -> type[Exception] | None:
        if smelt["content_key"] is None or smelt["id"] in self.expired:
            return control.ContentGone
        if all(part["status"] == "completed" for part in self.now.parts(smelt["id"])):
            return control.NothingToRetry
        return None if self.ledger.takes_back(self.now, smelt) else Refused
