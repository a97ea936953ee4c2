"""One part of a smelt is canceled or taken back: what goes along, what goes on, and that it is settled once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from db.session import Database
from db.smelts.control import (
    AlreadyEnded,
    ContentGone,
    NotEnded,
    NotFound,
    NothingToRetry,
    cancel,
    delete_content,
)
from db.smelts.new_smelt import NewSmelt
from db.smelts.part_control import InputMissing, cancel_file, cancel_output, retry_file, retry_output
from db.smelts.reads import get_smelt
from db.smelts.reservation import Allowances, Refused
from db.work.claims import Claim, WorkTable, claim_next
from db.work.files import FILES, begin_file, fail_file, finish_file
from db.work.leases import renew_all
from db.work.outputs import OUTPUTS, OutputJob, begin_output, fail_output, finish_output
from pipeline.errors import LostLease
from pipeline.smelt import Smelt
from pipeline.states import DefaultPromptName, ErrorCode, SmeltMode
from tests.support.cast import Cast
from tests.support.smelts import PLENTY, admit_all, get_credits, new_smelt, set_credits

AGE = 604_800
LEASE = 30.0
TWO_PROMPTS = (DefaultPromptName.SUMMARIZE, DefaultPromptName.ACTION_ITEMS)


class World:
    """One user's smelt, and what clients and workers do to it."""

    def __init__(self, database: Database, user_id: UUID | None, new: NewSmelt) -> None:
        self.database, self.user_id, self.id = database, user_id, new.id
        with database.service() as conn:
            admit_all(conn, new)

    @property
    def smelt(self) -> Smelt:
        with self.database.service() as conn:
            smelt = get_smelt(conn, self.id)
        assert smelt is not None
        return smelt

    @property
    def files(self) -> list[str]:
        return [file.status.value for file in self.smelt.files]

    @property
    def outputs(self) -> list[str]:
        return [output.status.value for output in self.smelt.outputs]

    @property
    def state(self) -> tuple[str, list[str], list[str]]:
        return self.smelt.status.value, self.files, self.outputs

    @property
    def credits(self) -> int:
        assert self.user_id is not None
        with self.database.service() as conn:
            return get_credits(conn, self.user_id)

    @property
    def uncharged(self) -> int:
        with self.database.service() as conn:
            found = conn.execute(
                text("select uncharged from user_profiles where user_id = :id"), {"id": self.user_id}
            )
            return int(found.scalar_one())

    def cancel_file(self, number: int) -> int:
        with self.database.service() as conn:
            return cancel_file(conn, self.id, self.smelt.files[number].id).outputs

    def cancel_output(self, number: int) -> None:
        with self.database.service() as conn:
            cancel_output(conn, self.id, self.smelt.outputs[number].id)

    def retry_file(self, number: int, allowances: Allowances = PLENTY) -> tuple[int, int]:
        with self.database.service() as conn:
            ready = retry_file(conn, self.id, self.smelt.files[number].id, allowances, AGE)
        return ready.files, ready.outputs

    def retry_output(self, number: int) -> tuple[int, int]:
        with self.database.service() as conn:
            ready = retry_output(conn, self.id, self.smelt.outputs[number].id, PLENTY, AGE)
        return ready.files, ready.outputs

    def take(self, table: WorkTable) -> Claim:
        with self.database.service() as conn:
            claim = claim_next(conn, table, LEASE)
        assert claim is not None
        return claim

    def begin(self) -> OutputJob:
        claim = self.take(OUTPUTS)
        with self.database.service() as conn:
            job = begin_output(conn, claim)
            self.running = claim
        return job

    def transcribe(self) -> None:
        claim = self.take(FILES)
        with self.database.service() as conn:
            begin_file(conn, claim)
            finish_file(conn, claim, "en", 12.0)

    def synthesize(self) -> OutputJob:
        job = self.begin()
        with self.database.service() as conn:
            finish_output(conn, self.running, "model", 10, 5)
        return job

    def fail(self, table: WorkTable) -> None:
        claim = self.take(table)
        with self.database.service() as conn:
            (fail_file if table is FILES else fail_output)(conn, claim, ErrorCode.NO_SPEECH)

    def holds(self, table: WorkTable, claim: Claim) -> bool:
        """What its worker's heartbeat learns."""
        with self.database.service() as conn:
            ours, _ = renew_all(conn, table, [claim], LEASE)
        return claim.id in ours


Begin = Callable[..., World]


@pytest.fixture
def begin(database: Database, cast: Cast) -> Begin:
    def begin(**how: object) -> World:
        with database.service() as conn:
            set_credits(conn, cast.ada.id, 5)
        return World(database, cast.ada.id, new_smelt(cast.ada.id, **how))  # type: ignore[arg-type]

    return begin


def test_a_canceled_file_takes_its_own_outputs_along_and_no_others(begin: Begin) -> None:
    world = begin(audio=2, prompts=TWO_PROMPTS)
    version = world.smelt.version
    world.cancel_file(0)
    assert world.state == ("pending", ["canceled", "pending"], ["canceled"] * 2 + ["waiting"] * 2)
    assert world.smelt.version > version
    world.transcribe()
    world.synthesize()
    world.synthesize()
    assert world.state == ("completed", ["canceled", "completed"], ["canceled"] * 2 + ["completed"] * 2)
    assert (world.credits, world.uncharged) == (4, 0)


def test_what_is_combined_goes_on_with_the_files_that_are_left(begin: Begin) -> None:
    world = begin(audio=2, texts=1, mode=SmeltMode.COMBINE)
    world.transcribe()
    assert world.cancel_file(1) == 1  # nothing else was waited for
    assert world.state == ("synthesizing", ["completed", "canceled", "completed"], ["pending"])
    job = world.synthesize()
    assert [source.filename for source in job.sources] == ["0.wav", "0.txt"]
    assert world.smelt.status == "completed"
    assert world.credits == 4


def test_what_is_combined_waits_for_the_files_that_are_left(begin: Begin) -> None:
    world = begin(audio=2, mode=SmeltMode.COMBINE)
    assert world.cancel_file(1) == 0
    assert world.outputs == ["waiting"]
    world.transcribe()
    assert [source.filename for source in world.synthesize().sources] == ["0.wav"]
    assert world.smelt.status == "completed"


@pytest.mark.parametrize("mode", SmeltMode)
def test_the_last_file_that_is_canceled_ends_the_smelt_without_a_charge(
    begin: Begin, mode: SmeltMode
) -> None:
    world = begin(audio=2, mode=mode)
    world.cancel_file(0)
    world.cancel_file(1)
    assert set(world.files) | set(world.outputs) == {"canceled"}
    assert (world.smelt.status, world.smelt.error_code) == ("failed", ErrorCode.NOTHING_COMPLETED)
    assert (world.credits, world.uncharged) == (5, 1)


def test_a_smelt_without_prompts_completes_by_the_transcripts_that_are_left(begin: Begin) -> None:
    world = begin(audio=2, prompts=())
    world.transcribe()
    world.cancel_file(1)
    assert (world.smelt.status, world.credits) == ("completed", 4)


def test_a_canceled_output_ends_alone(begin: Begin) -> None:
    world = begin(texts=1, prompts=TWO_PROMPTS)
    world.cancel_output(0)
    assert world.state == ("synthesizing", ["completed"], ["canceled", "pending"])
    world.synthesize()
    assert world.state == ("completed", ["completed"], ["canceled", "completed"])
    assert (world.credits, world.uncharged) == (4, 0)


def test_a_worker_loses_what_is_canceled_while_it_runs_and_records_nothing(begin: Begin) -> None:
    world = begin(audio=1, texts=1)
    file = world.take(FILES)
    world.begin()
    assert world.holds(OUTPUTS, world.running)
    world.cancel_output(1)
    world.cancel_file(0)
    assert not world.holds(FILES, file)
    assert not world.holds(OUTPUTS, world.running)
    before = world.smelt
    with pytest.raises(LostLease), world.database.service() as conn:
        finish_output(conn, world.running, "model", 1, 1)
    with pytest.raises(LostLease), world.database.service() as conn:
        finish_file(conn, file, "en", 1.0)
    assert world.smelt == before


def test_what_has_ended_cannot_be_canceled_and_what_has_not_cannot_be_retried(begin: Begin) -> None:
    world = begin(audio=1, texts=1)
    for retry in (world.retry_file, world.retry_output):
        with pytest.raises(NotEnded):
            retry(0)
    with pytest.raises(AlreadyEnded):
        world.cancel_file(1)
    world.synthesize()
    with pytest.raises(AlreadyEnded):
        world.cancel_output(1)
    with pytest.raises(NothingToRetry):
        world.retry_file(1)
    with pytest.raises(NothingToRetry):
        world.retry_output(1)


def test_parts_of_another_smelt_are_not_there(begin: Begin) -> None:
    world, other = begin(audio=1, texts=1), begin(audio=1, texts=1)
    theirs = other.smelt
    for part in (theirs.files[0].id, uuid4()):
        for act in (cancel_file, cancel_output):
            with pytest.raises(NotFound), world.database.service() as conn:
                act(conn, world.id, part)
        for again in (retry_file, retry_output):
            with pytest.raises(NotFound), world.database.service() as conn:
                again(conn, world.id, part, PLENTY, AGE)
    assert other.smelt == theirs


def test_a_retried_file_brings_back_what_ended_because_of_it_and_nothing_else(begin: Begin) -> None:
    world = begin(audio=2, prompts=TWO_PROMPTS)
    world.cancel_output(0)
    world.cancel_file(0)
    assert world.retry_file(0) == (1, 0)
    assert world.state == ("pending", ["pending", "pending"], ["canceled"] + ["waiting"] * 3)
    world.fail(FILES)
    assert "failed" in world.outputs
    failed = world.files.index("failed")
    assert world.retry_file(failed) == (1, 0)
    assert world.outputs == ["canceled"] + ["waiting"] * 3


def test_the_retry_of_one_file_leaves_others_that_failed(begin: Begin) -> None:
    world = begin(audio=2)
    world.fail(FILES)
    world.fail(FILES)
    assert world.smelt.status == "failed"
    world.retry_file(0)
    assert world.state == ("pending", ["pending", "failed"], ["waiting", "failed"])
    world.transcribe()
    world.synthesize()
    assert world.state == ("completed", ["completed", "failed"], ["completed", "failed"])
    assert (world.credits, world.uncharged) == (4, 1)  # reserved anew, as of a whole smelt


def test_a_file_whose_failure_ended_a_combination_brings_all_of_it_back(begin: Begin) -> None:
    world = begin(audio=3, mode=SmeltMode.COMBINE)
    world.cancel_file(2)
    world.fail(FILES)
    assert world.state == ("failed", ["failed", "canceled", "canceled"], ["canceled"])
    with pytest.raises(InputMissing):
        world.retry_output(0)
    world.retry_file(0)
    assert world.state == ("pending", ["pending", "pending", "canceled"], ["waiting"])


def test_a_file_beside_one_that_failed_does_not_let_a_combination_wait_for_ever(begin: Begin) -> None:
    world = begin(audio=2, mode=SmeltMode.COMBINE)
    world.fail(FILES)
    world.retry_file(1)
    assert world.state == ("pending", ["failed", "pending"], ["canceled"])
    world.transcribe()
    assert (world.smelt.status, world.smelt.error_code) == ("failed", ErrorCode.FILE_FAILED)


@pytest.mark.parametrize("number", [0, 1])
def test_whichever_of_the_canceled_files_comes_back_the_combination_does_too(
    begin: Begin, number: int
) -> None:
    world = begin(audio=2, mode=SmeltMode.COMBINE)
    world.cancel_file(0)
    world.cancel_file(1)
    world.retry_file(number)
    assert world.outputs == ["waiting"]
    world.transcribe()
    assert [source.filename for source in world.synthesize().sources] == [f"{number}.wav"]
    assert world.smelt.status == "completed"


def test_a_combination_that_was_canceled_by_itself_stays_so(begin: Begin) -> None:
    world = begin(audio=2, prompts=TWO_PROMPTS, mode=SmeltMode.COMBINE)
    world.cancel_output(0)
    world.cancel_file(0)
    world.cancel_file(1)
    world.retry_file(0)
    assert world.outputs == ["canceled", "waiting"]


def test_after_a_whole_cancel_one_file_comes_back_with_what_is_made_of_it(begin: Begin) -> None:
    world = begin(audio=2)
    with world.database.service() as conn:
        cancel(conn, world.id)
    with pytest.raises(InputMissing):
        world.retry_output(1)
    world.retry_file(1)
    assert world.state == ("pending", ["canceled", "pending"], ["canceled", "waiting"])


def test_an_output_is_retried_alone(begin: Begin) -> None:
    world = begin(texts=1, prompts=TWO_PROMPTS)
    world.fail(OUTPUTS)
    world.fail(OUTPUTS)
    assert world.retry_output(1) == (0, 1)
    assert world.state == ("pending", ["completed"], ["failed", "pending"])
    world.synthesize()
    assert world.state == ("completed", ["completed"], ["failed", "completed"])
    assert (world.credits, world.uncharged) == (4, 1)


def test_an_output_of_a_file_that_is_still_heard_waits_for_it(begin: Begin) -> None:
    world = begin(audio=1, prompts=TWO_PROMPTS)
    world.cancel_output(0)
    assert world.retry_output(0) == (0, 0)
    assert world.outputs == ["waiting", "waiting"]
    world.transcribe()
    assert world.outputs == ["pending", "pending"]


def test_a_file_is_heard_again_while_others_are_written(begin: Begin) -> None:
    world = begin(audio=1, texts=1)
    world.cancel_file(0)
    world.begin()
    assert world.smelt.status == "synthesizing"
    world.retry_file(0)
    assert world.smelt.status == "transcribing"
    world.transcribe()
    assert world.smelt.status == "synthesizing"


def test_what_was_combined_stays_a_result_and_is_charged_if_its_canceled_file_comes_back_and_fails(
    begin: Begin,
) -> None:
    world = begin(audio=1, texts=1, mode=SmeltMode.COMBINE, prompts=TWO_PROMPTS)
    world.cancel_file(0)
    world.synthesize()
    world.retry_file(0)
    world.fail(FILES)
    assert world.state == ("synthesizing", ["failed", "completed"], ["completed", "pending"])
    world.synthesize()
    assert world.state == ("completed", ["failed", "completed"], ["completed", "completed"])
    assert world.credits == 4


def test_a_combination_at_work_goes_on_if_a_canceled_file_comes_back_and_fails(begin: Begin) -> None:
    world = begin(audio=1, texts=1, mode=SmeltMode.COMBINE)
    world.cancel_file(0)
    world.begin()
    world.retry_file(0)
    world.fail(FILES)
    assert world.holds(OUTPUTS, world.running)
    with world.database.service() as conn:
        finish_output(conn, world.running, "model", 10, 5)
    assert world.state == ("completed", ["failed", "completed"], ["completed"])
    assert world.credits == 4


def test_a_retry_in_a_smelt_at_work_is_counted_and_charged_no_second_time(begin: Begin) -> None:
    world = begin(audio=2)
    world.cancel_file(0)
    world.retry_file(0)
    assert world.uncharged == 1
    for _ in range(2):
        world.transcribe()
        world.synthesize()
    assert (world.smelt.status, world.credits, world.uncharged) == ("completed", 4, 1)


def test_a_file_that_is_broken_on_purpose_is_not_retried_without_end(begin: Begin) -> None:
    """As long as another part keeps its smelt from its end."""
    world = begin(audio=2)
    few = Allowances(anonymous_daily=9, platform_daily_cap=99, uncharged_daily=2, weekly_credits=5)
    for _ in range(2):
        world.cancel_file(0)
        world.retry_file(0, few)
    world.cancel_file(0)
    before = world.smelt
    with pytest.raises(Refused):
        world.retry_file(0, few)
    assert world.smelt == before


def test_a_retry_of_a_smelt_that_was_charged_charges_nothing(begin: Begin) -> None:
    world = begin(texts=1, prompts=TWO_PROMPTS)
    world.cancel_output(0)
    world.synthesize()
    assert world.credits == 4
    world.retry_output(0)
    world.synthesize()
    assert (world.smelt.status, world.credits, world.uncharged) == ("completed", 4, 1)


def test_a_retry_needs_its_content(begin: Begin) -> None:
    world = begin(audio=1)
    with world.database.service() as conn:
        delete_content(conn, world.id)
    for retry in (world.retry_file, world.retry_output):
        with pytest.raises(ContentGone):
            retry(0)


def test_two_last_parts_that_are_canceled_together_settle_once(begin: Begin) -> None:
    for _ in range(5):
        world = begin(texts=1, prompts=TWO_PROMPTS)
        before = world.uncharged
        with ThreadPoolExecutor(2) as threads:
            list(threads.map(world.cancel_output, range(2)))
        assert world.smelt.status == "failed"
        assert world.uncharged == before + 1
        assert world.smelt.finished_at is not None
        assert world.smelt.content_expires_at <= world.smelt.finished_at + timedelta(days=1)


def test_of_two_retries_of_one_part_one_is_told_that_it_is_under_way(begin: Begin) -> None:
    world = begin(texts=1, prompts=TWO_PROMPTS)
    world.cancel_output(0)

    def retry(_: int) -> bool:
        try:
            world.retry_output(0)
        except NotEnded:
            return False
        return True

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(retry, range(2))) == [False, True]
    assert (world.outputs, world.uncharged) == (["pending", "pending"], 1)
