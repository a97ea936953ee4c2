"""How far a smelt is, by how far its parts are."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from pipeline.smelt import Smelt
from pipeline.states import SmeltMode, SmeltStatus, Tier

NOW = datetime(2026, 11, 26, tzinfo=UTC)


def smelt(status: SmeltStatus) -> Smelt:
    return Smelt(
        id=UUID(int=1),
        user_id=None,
        tier=Tier.CREDITS,
        mode=SmeltMode.SEPARATE,
        status=status,
        error_code=None,
        default_prompt_names=(),
        user_prompt_id=None,
        language=None,
        webhook_url=None,
        warnings=(),
        version=1,
        content_ttl_seconds=60,
        content_expires_at=NOW,
        content_deleted_at=None,
        created_at=NOW,
        finished_at=None,
    )


@pytest.mark.parametrize(
    ("status", "mean", "progress"),
    [
        (SmeltStatus.PENDING, 0.0, 0.0),
        (SmeltStatus.TRANSCRIBING, 0.123456, 0.1235),
        (SmeltStatus.SYNTHESIZING, 1.0, 0.99),
        (SmeltStatus.COMPLETED, 0.5, 1.0),  # with parts that failed
        (SmeltStatus.FAILED, 0.25, 0.25),
        (SmeltStatus.FAILED, 1.0, 0.99),
        (SmeltStatus.CANCELED, 0.9999, 0.99),
    ],
)
def test_only_what_is_completed_is_done(status: SmeltStatus, mean: float, progress: float) -> None:
    assert smelt(status).progress_by(mean) == progress
