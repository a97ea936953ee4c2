"""How a smelt moves on as its parts end: once, whoever ends last, and charged as it should be."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import text

from db.session import Database
from db.smelts.admission import admit
from db.smelts.content_keys import delete_smelt, destroy_key, find_expired_content
from db.smelts.control import (
    AlreadyEnded,
    ContentGone,
    NotEnded,
    NothingToRetry,
    cancel,
    delete_content,
    retry,
)
from db.smelts.reads import get_smelt
from db.smelts.reservation import Allowances, Refused
from db.work.claims import Claim, WorkTable, claim_next
from db.work.files import FILES, begin_file, fail_file, finish_file
from db.work.outputs import OUTPUTS, begin_output, fail_output, finish_output
from pipeline.errors import LostLease
from pipeline.smelt import Smelt
from pipeline.states import DefaultPromptName, ErrorCode, SmeltMode, SmeltStatus, WorkStatus
from tests.support.cast import Cast
from tests.support.smelts import PLENTY, admit_all, get_credits, new_smelt, set_credits

TWO_PROMPTS = (DefaultPromptName.SUMMARIZE, DefaultPromptName.ACTION_ITEMS)


@pytest.fixture
def ada(database: Database, cast: Cast) -> UUID:
    with database.service() as conn:
        set_credits(conn, cast.ada.id, 5)
    return cast.ada.id


def take(database: Database, table: WorkTable) -> Claim:
    with database.service() as conn:
        claim = claim_next(conn, table, 30)
    assert claim is not None
    return claim


def transcribe_one(database: Database) -> None:
    claim = take(database, FILES)
    with database.service() as conn:
        begin_file(conn, claim)
    with database.service() as conn:
        finish_file(conn, claim, "en", 12.0)


def synthesize_one(database: Database) -> None:
    claim = take(database, OUTPUTS)
    with database.service() as conn:
        begin_output(conn, claim)
    with database.service() as conn:
        finish_output(conn, claim, "model", 10, 5)


def fail_one(database: Database, table: WorkTable, code: ErrorCode = ErrorCode.NO_SPEECH) -> None:
    claim = take(database, table)
    with database.service() as conn:
        (fail_file if table is FILES else fail_output)(conn, claim, code)


def look(database: Database, smelt_id: UUID) -> Smelt:
    with database.service() as conn:
        smelt = get_smelt(conn, smelt_id)
    assert smelt is not None
    return smelt


def test_separate_applies_prompts_while_other_files_are_transcribed(database: Database, ada: UUID) -> None:
    new = new_smelt(ada, audio=2, prompts=TWO_PROMPTS)
    with database.service() as conn:
        admit_all(conn, new)

    transcribe_one(database)
    assert look(database, new.id).status is SmeltStatus.TRANSCRIBING
    synthesize_one(database)
    synthesize_one(database)
    transcribe_one(database)
    assert look(database, new.id).status is SmeltStatus.SYNTHESIZING
    synthesize_one(database)
    assert look(database, new.id).finished_at is None
    synthesize_one(database)

    smelt = look(database, new.id)
    assert smelt.status is SmeltStatus.COMPLETED
    assert smelt.finished_at is not None
    assert {output.status for output in smelt.outputs} == {WorkStatus.COMPLETED}
    with database.service() as conn:
        assert get_credits(conn, ada) == 4


def test_combine_waits_for_every_file(database: Database, ada: UUID) -> None:
    new = new_smelt(ada, audio=2, texts=1, mode=SmeltMode.COMBINE)
    with database.service() as conn:
        admit_all(conn, new)

    transcribe_one(database)
    with database.service() as conn:
        assert claim_next(conn, OUTPUTS, 30) is None
    transcribe_one(database)
    claim = take(database, OUTPUTS)
    with database.service() as conn:
        job = begin_output(conn, claim)

    assert [source.filename for source in job.sources] == ["0.wav", "1.wav", "0.txt"]


def test_separate_completes_with_one_output_and_keeps_the_others_codes(database: Database, ada: UUID) -> None:
    new = new_smelt(ada, audio=1, texts=1)
    with database.service() as conn:
        admit_all(conn, new)

    fail_one(database, FILES)
    synthesize_one(database)

    smelt = look(database, new.id)
    assert smelt.status is SmeltStatus.COMPLETED
    assert [file.error_code for file in smelt.files] == [ErrorCode.NO_SPEECH, None]
    assert [output.error_code for output in smelt.outputs] == [ErrorCode.FILE_FAILED, None]


def test_combine_fails_as_soon_as_one_file_fails(database: Database, ada: UUID) -> None:
    new = new_smelt(ada, audio=3, mode=SmeltMode.COMBINE)
    with database.service() as conn:
        admit_all(conn, new)
    running = take(database, FILES)

    fail_one(database, FILES, ErrorCode.CORRUPTED_FILE)

    smelt = look(database, new.id)
    assert (smelt.status, smelt.error_code) == (SmeltStatus.FAILED, ErrorCode.FILE_FAILED)
    assert sorted(file.status for file in smelt.files) == ["canceled", "canceled", "failed"]
    with pytest.raises(LostLease), database.service() as conn:
        finish_file(conn, running, "en", 1.0)
    with database.service() as conn:
        assert get_credits(conn, ada) == 5


def test_nothing_completed_fails_and_costs_nothing(database: Database, ada: UUID) -> None:
    new = new_smelt(ada, texts=2)
    with database.service() as conn:
        admit_all(conn, new)

    fail_one(database, OUTPUTS, ErrorCode.SYNTHESIS_FAILED)
    fail_one(database, OUTPUTS, ErrorCode.SYNTHESIS_FAILED)

    smelt = look(database, new.id)
    assert (smelt.status, smelt.error_code) == (SmeltStatus.FAILED, ErrorCode.NOTHING_COMPLETED)
    with database.service() as conn:
        assert get_credits(conn, ada) == 5


@pytest.mark.parametrize("mode", SmeltMode)
@pytest.mark.parametrize("first", [transcribe_one, lambda database: fail_one(database, FILES)])
def test_without_prompts_one_transcript_completes_the_smelt(
    database: Database, ada: UUID, mode: SmeltMode, first: Callable[[Database], object]
) -> None:
    new = new_smelt(ada, audio=3, prompts=(), mode=mode)
    with database.service() as conn:
        admit_all(conn, new)

    first(database)
    transcribe_one(database)
    fail_one(database, FILES)

    smelt = look(database, new.id)
    assert (smelt.status, smelt.error_code) == (SmeltStatus.COMPLETED, None)
    assert "canceled" not in [file.status for file in smelt.files]


def test_two_last_parts_finishing_together_settle_once(database: Database, ada: UUID) -> None:
    smelts = [new_smelt(ada, texts=2) for _ in range(5)]
    with database.service() as conn:
        admit_all(conn, *smelts)
    claims = [take(database, OUTPUTS) for _ in range(10)]

    def finish(claim: Claim) -> None:
        with database.service() as conn:
            finish_output(conn, claim, "model", 1, 1)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(finish, claims))

    assert {look(database, smelt.id).status for smelt in smelts} == {SmeltStatus.COMPLETED}
    with database.service() as conn:
        assert get_credits(conn, ada) == 0


def test_a_visitor_gets_a_failed_use_back(database: Database, cast: Cast) -> None:
    once = Allowances(anonymous_daily=1, platform_daily_cap=100, uncharged_daily=20, weekly_credits=5)
    first, second = new_smelt(None, texts=1), new_smelt(None, texts=1)
    with database.service() as conn:
        admit(conn, first, once)
    with pytest.raises(Refused), database.service() as conn:
        admit(conn, second, once)

    fail_one(database, OUTPUTS, ErrorCode.SYNTHESIS_FAILED)

    with database.service() as conn:
        admit(conn, second, once)


def test_canceling_ends_all_and_charges_nothing(database: Database, ada: UUID) -> None:
    new = new_smelt(ada, audio=2, texts=1)
    with database.service() as conn:
        admit_all(conn, new)
    running = take(database, FILES)

    with database.service() as conn:
        cancel(conn, new.id)

    smelt = look(database, new.id)
    assert smelt.status is SmeltStatus.CANCELED
    with database.service() as conn:
        assert get_credits(conn, ada) == 5
        assert claim_next(conn, OUTPUTS, 30) is None
    with pytest.raises(LostLease), database.service() as conn:
        finish_file(conn, running, "en", 1.0)
    with pytest.raises(AlreadyEnded), database.service() as conn:
        cancel(conn, new.id)


def test_canceling_late_is_charged(database: Database, ada: UUID) -> None:
    new = new_smelt(ada, texts=2)
    with database.service() as conn:
        admit_all(conn, new)
    synthesize_one(database)

    with database.service() as conn:
        cancel(conn, new.id)

    with database.service() as conn:
        assert get_credits(conn, ada) == 4


def test_a_retry_runs_only_what_failed_and_is_never_charged_twice(database: Database, ada: UUID) -> None:
    new = new_smelt(ada, audio=1, texts=1)
    with database.service() as conn:
        admit_all(conn, new)
    fail_one(database, FILES)
    synthesize_one(database)
    before = look(database, new.id)

    with database.service() as conn:
        admitted = retry(conn, new.id, PLENTY, 604_800)
    assert (admitted.files, admitted.outputs) == (1, 0)
    transcribe_one(database)
    synthesize_one(database)

    after = look(database, new.id)
    assert after.status is SmeltStatus.COMPLETED
    assert [file.status for file in after.files] == [WorkStatus.COMPLETED] * 2
    assert [output.status for output in after.outputs] == [WorkStatus.COMPLETED] * 2
    assert after.version > before.version
    assert [output.attempt for output in after.outputs] == [1, 1]
    with database.service() as conn:
        assert get_credits(conn, ada) == 4


def test_a_retry_refuses_what_it_cannot_do(database: Database, ada: UUID) -> None:
    new = new_smelt(ada, texts=1)
    with database.service() as conn:
        admit_all(conn, new)
    with pytest.raises(NotEnded), database.service() as conn:
        retry(conn, new.id, PLENTY, 604_800)
    synthesize_one(database)
    with pytest.raises(NothingToRetry), database.service() as conn:
        retry(conn, new.id, PLENTY, 604_800)
    with database.service() as conn:
        delete_content(conn, new.id)
    with pytest.raises(ContentGone), database.service() as conn:
        retry(conn, new.id, PLENTY, 604_800)


def test_content_past_its_deadline_is_destroyed_and_ends_the_smelt(database: Database, ada: UUID) -> None:
    new = new_smelt(ada, texts=1, max_age=0)
    with database.service() as conn:
        admit_all(conn, new)

    with database.service() as conn:
        assert [expired.smelt_id for expired in find_expired_content(conn, 10)] == [new.id]
        destroy_key(conn, new.id)

    smelt = look(database, new.id)
    assert (smelt.status, smelt.error_code) == (SmeltStatus.FAILED, ErrorCode.CONTENT_EXPIRED)
    assert smelt.content_deleted_at is not None
    with database.service() as conn:
        assert find_expired_content(conn, 10) == []
        assert conn.execute(text("select content_key from smelts")).scalar_one() is None
        assert delete_smelt(conn, new.id)


def test_content_expires_a_while_after_the_end(database: Database, ada: UUID) -> None:
    new = new_smelt(ada, texts=1)
    with database.service() as conn:
        admit_all(conn, new)
    at_first = look(database, new.id)
    assert (at_first.content_expires_at - at_first.created_at).days == 7

    synthesize_one(database)

    smelt = look(database, new.id)
    assert smelt.finished_at is not None
    assert (smelt.content_expires_at - smelt.finished_at).total_seconds() == 86_400
