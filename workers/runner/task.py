"""A claimed row in the hands of a worker, and its end together with the claim of the next."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from db.one_exchange import OneExchange
from db.work.claims import Claim, WorkTable
from pipeline.errors import LostLease
from pipeline.metrics.work import note_claim
from workers.runner.claiming import look_for
from workers.runner.lease import Lease
from workers.services import Services


@dataclass(slots=True)
class Task:
    """A claimed row in the hands of a worker.

    `only_short`: whether it may have short ones alone. `claims_next`: whether there are more, which it may have too.
    `next`: the row that was claimed with this one's end, if that has `asked` for one and there was one.
    """

    services: Services
    table: WorkTable
    claim: Claim
    lease: Lease
    only_short: bool = False
    claims_next: bool = False
    asked: bool = False
    next: Claim | None = None

    @property
    def takes_next(self) -> bool:
        """Whether its end is to be recorded by `end_and_claim`."""
        return self.claims_next and not self.lease.stopping

    def end_and_claim(self, change: Callable[[OneExchange], Claim | None]) -> None:
        """Records this row's end together with the claim of the next, which `change` returns. Raises LostLease.

        A commit that had no reply is repeated, and then this row is no longer held: if it took place, so did the claim.
        """
        begun = time.monotonic()
        claimed: Claim | None = None

        def changed(conn: OneExchange) -> None:
            nonlocal claimed
            claimed = change(conn)

        try:
            self.services.record_brief(changed)
        except LostLease:
            if claimed is None or not look_for(self.services, self.table, claimed):
                raise
        self.asked, self.next = True, claimed
        if claimed is not None:
            note_claim(self.table.queue, claimed.waited, time.monotonic() - begun)
