"""What must be true of every row at every moment, and of every step from one moment to the next."""

from math import isfinite

from tests.faults.model.snapshot import PARTS, TERMINAL, WORK, Row, Snapshot, ended

# The moves that are drawn in docs/architecture.md; a client's retry passes through `waiting` in one transaction.
PART_MOVES = {
    "waiting": {"pending", "canceled"},
    "pending": {"processing", "canceled"},
    "processing": {"completed", "failed", "pending", "waiting", "canceled"},
    "completed": set[str](),
    "failed": {"waiting", "pending"},
    "canceled": {"waiting", "pending"},
}
MOVES = {
    "smelt_files": PART_MOVES,
    "smelt_outputs": {**PART_MOVES, "waiting": {"pending", "canceled", "failed"}},  # with its file
    "webhook_deliveries": {**PART_MOVES, "completed": {"pending"}},  # the user's replay
    "schedule_runs": PART_MOVES,
}
SMELT_MOVES = {
    "pending": {"transcribing", "synthesizing", *TERMINAL},
    "transcribing": {"synthesizing", *TERMINAL},
    "synthesizing": {*TERMINAL},
    **{state: {"pending"} for state in TERMINAL},
}
FIRST = {
    "smelt_files": {"waiting", "pending", "completed"},  # a text is ready as it comes
    "smelt_outputs": {"waiting", "pending"},
    "webhook_deliveries": {"pending"},
    "schedule_runs": {"pending"},
}


def check_moment(now: Snapshot) -> None:
    for smelt in now.smelts.values():
        parts = now.parts(smelt["id"])
        left = [part["id"] for part in parts if part["status"] not in TERMINAL]
        assert ended(smelt) == (not left), f"{smelt['status']} with {len(left)} of {len(parts)} parts left"
        _check_outcome(now, smelt)
    for table in WORK:
        for row in now.work[table].values():
            assert row["fair_key"] is None or isfinite(row["fair_key"]), row
            assert isfinite(row["cost"]), row
    assert all(isfinite(tag) for tag in now.tags), now.tags


def check_step(before: Snapshot, after: Snapshot, *, counts: bool) -> None:
    """`counts`: whether work that comes back in this step has used up one of its failures."""
    for smelt in after.smelts.values():
        if (old := before.smelts.get(smelt["id"])) is not None:
            _check_smelt(old, smelt)
    for table in WORK:
        for row in after.work[table].values():
            old = before.work[table].get(row["id"])
            if old is None:
                assert row["status"] in FIRST[table], row
                assert row["attempt"] == row["failures"] == 0, row
            else:
                _check_row(table, old, row, counts=counts)
                if table in PARTS:
                    _check_told(before, after, old, row)


def _check_outcome(now: Snapshot, smelt: Row) -> None:
    if smelt["status"] == "completed":
        assert now.has_result(smelt["id"]), "completed without a result"
        if smelt["mode"] == "combine" and any(
            row["smelt_id"] == smelt["id"] for row in now.work["smelt_outputs"].values()
        ):
            assert all(
                row["status"] in ("completed", "canceled")
                for row in now.work["smelt_files"].values()
                if row["smelt_id"] == smelt["id"]
            ), "combined without all files"
    if smelt["status"] == "failed" and smelt["error_code"] != "content_expired":
        assert not now.has_result(smelt["id"]), "failed with a result"


def _check_smelt(old: Row, new: Row) -> None:
    move = (old["status"], new["status"])
    assert move[0] == move[1] or move[1] in SMELT_MOVES[move[0]], f"a smelt went {move}"
    assert new["version"] >= old["version"]
    assert old["charged_at"] in (None, new["charged_at"]), "charged twice, or a charge was taken back"
    if {name: value for name, value in old.items() if name != "version"} != {
        name: value for name, value in new.items() if name != "version"
    }:
        assert new["version"] > old["version"] or _shortened(old, new), f"{old} became {new} unseen"
    if ended(old) and ended(new):
        assert (old["status"], old["finished_at"]) == (new["status"], new["finished_at"]), "ended twice"


def _shortened(old: Row, new: Row) -> bool:
    """The machine itself brings deadlines forward."""
    return {name for name in old if old[name] != new[name]} == {"content_expires_at"}


def _check_row(table: str, old: Row, new: Row, *, counts: bool) -> None:
    move = (old["status"], new["status"])
    assert move[0] == move[1] or move[1] in MOVES[table][move[0]], f"{table} went {move}"
    claimed = move == ("pending", "processing")
    assert new["attempt"] == old["attempt"] + claimed, (
        f"{table} {move}: attempt {old['attempt']} → {new['attempt']}"
    )
    if move == ("completed", "completed") and table in PARTS:
        assert old == new, "a completed part was changed"
    expected = _expected_failures(move, old["failures"], counts=counts)
    # Rescued, and past its deadline in the same round.
    allowed = {expected, expected + counts} if move == ("processing", "canceled") else {expected}
    assert new["failures"] in allowed, f"{table} {move}: {old} → {new}"


def _expected_failures(move: tuple[str, str], failures: int, *, counts: bool) -> int:
    if move[0] in TERMINAL and move[1] not in TERMINAL:
        return 0  # taken up again by the client
    if move == ("processing", "failed"):
        return failures + 1
    if move in (("processing", "pending"), ("processing", "waiting")):
        return failures + counts
    return failures


def _check_told(before: Snapshot, after: Snapshot, old: Row, new: Row) -> None:
    """Followers are told of every change of state but a claim, which its worker tells when it begins."""
    if old["status"] != new["status"] and new["status"] != "processing":
        smelt_id = new["smelt_id"]
        assert after.smelts[smelt_id]["version"] > before.smelts[smelt_id]["version"], "nobody was told"
