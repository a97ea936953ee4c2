"""How far a smelt and its parts are said to be."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from pipeline.smelt import Smelt, SmeltOutput
from pipeline.states import Channels, DefaultPromptName, ErrorCode, SmeltMode, SmeltStatus, Tier, WorkStatus

NOW = datetime(2026, 11, 26, tzinfo=UTC)
S, W = SmeltStatus, WorkStatus


def smelt(status: SmeltStatus, parts: Sequence[tuple[WorkStatus, float]]) -> Smelt:
    return Smelt(
        id=uuid4(),
        user_id=None,
        tier=Tier.ANONYMOUS,
        mode=SmeltMode.SEPARATE,
        channels=Channels.MIXED,
        status=status,
        error_code=ErrorCode.NOTHING_COMPLETED if status is S.FAILED else None,
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
        outputs=tuple(output(*part) for part in parts),
    )


def output(status: WorkStatus, progress: float) -> SmeltOutput:
    return SmeltOutput(
        id=uuid4(),
        file_id=None,
        position=0,
        default_prompt_name=DefaultPromptName.SUMMARIZE,
        is_user_prompt=False,
        status=status,
        waiting_for=None,
        error_code=None,
        attempt=1,
        progress=progress,
        model=None,
        input_tokens=None,
        output_tokens=None,
    )


@pytest.mark.parametrize(
    ("status", "parts", "expected"),
    [
        (S.PENDING, [(W.PENDING, 0.0), (W.WAITING, 0.0)], 0.0),
        (S.TRANSCRIBING, [(W.COMPLETED, 1.0), (W.PROCESSING, 0.5)], 0.75),
        (S.COMPLETED, [(W.COMPLETED, 1.0), (W.FAILED, 0.2)], 1.0),
        (S.CANCELED, [(W.COMPLETED, 1.0), (W.CANCELED, 0.5)], 0.75),
        (S.CANCELED, [(W.CANCELED, 0.0), (W.CANCELED, 0.0)], 0.0),
        (S.FAILED, [(W.FAILED, 1.0), (W.FAILED, 1.0)], 0.99),  # heard to the end, and nothing was said
        (S.FAILED, [(W.COMPLETED, 1.0), (W.FAILED, 0.0)], 0.5),
    ],
)
def test_only_a_completed_smelt_is_whole(
    status: SmeltStatus, parts: list[tuple[WorkStatus, float]], expected: float
) -> None:
    assert smelt(status, parts).totals.progress == expected


@pytest.mark.parametrize("status", WorkStatus)
def test_only_a_completed_part_is_whole(status: WorkStatus) -> None:
    assert (output(status, 1.0).share_done == 1.0) == (status is WorkStatus.COMPLETED)


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
    assert smelt(status, ()).progress_by(mean) == progress
