"""Wakes for what a commit has made claimable. Best effort: the reconciler rings where this could not."""

from uuid import UUID

from api.services import Services
from db.admission import Admitted
from pipeline.states import SmeltMode
from workers.wake import Wake


def ring(shared: Services, smelt_id: UUID, mode: SmeltMode, ready: Admitted) -> None:
    """Call it after the commit: before it, a worker would find nothing.

    At most as many as a pool has slots, so that no post waits for thousands: each claim rings for the next.
    """
    apply = Wake.APPLY_COMBINE if mode is SmeltMode.COMBINE else Wake.APPLY_SEPARATE
    for wake, count in ((Wake.TRANSCRIBE_FILE, ready.files), (apply, ready.outputs)):
        slots: int = getattr(shared.settings, f"{wake.queue}_slots")
        shared.doorbell.ring(wake, min(count, slots), cause=smelt_id)
