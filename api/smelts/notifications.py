"""Notifications of what a commit has made claimable. Best effort: the reconciler notifies where this could not."""

from uuid import UUID

from api.services import Services
from db.smelts.admission import Admitted
from pipeline.states import SmeltMode
from workers.notifications.queues import ActorName


def notify(shared: Services, smelt_id: UUID, mode: SmeltMode, ready: Admitted) -> None:
    """Call it after the commit: before it, a worker would find nothing.

    At most as many as a pool has slots, so that no post waits for thousands: each claim notifies for the next.
    """
    apply = ActorName.APPLY_COMBINE if mode is SmeltMode.COMBINE else ActorName.APPLY_SEPARATE
    for actor, count in ((ActorName.TRANSCRIBE_FILE, ready.files), (apply, ready.outputs)):
        slots: int = getattr(shared.settings, f"{actor.queue}_slots")
        shared.notifier.notify(actor, min(count, slots), cause=smelt_id)
