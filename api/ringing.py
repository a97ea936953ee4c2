"""Wakes for what a commit has made claimable. Best effort: the reconciler rings where this could not."""

from uuid import UUID

from db.admission import Admitted
from pipeline.states import SmeltMode
from workers.wake import Doorbell, Wake


def ring(doorbell: Doorbell, smelt_id: UUID, mode: SmeltMode, ready: Admitted) -> None:
    """Call it after the commit: before it, a worker would find nothing."""
    apply = Wake.APPLY_COMBINE if mode is SmeltMode.COMBINE else Wake.APPLY_SEPARATE
    doorbell.ring(Wake.TRANSCRIBE_FILE, ready.files, cause=smelt_id)
    doorbell.ring(apply, ready.outputs, cause=smelt_id)
