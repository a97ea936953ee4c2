"""What has been heard of a recording that is being heard: noted here, kept in the content store.

Each note has the smelt's version that tells of it, so that who follows the smelt knows what is new.
"""

from sqlalchemy import Connection

from db.locks import bump_version, lock_smelt_of
from db.statement import cached_text
from db.work.claims import Claim
from db.work.files import FILES
from pipeline.errors import LostLease

_LINE = "array[array[:attempt, :segments, (select version from smelts where id = smelt_id)]]::bigint[]"


def note_kept(conn: Connection, claim: Claim, before: int, segments: int) -> None:
    """An object more: the one behind the first `before`, with which the recording has so many segments.

    Those that an earlier attempt has kept beyond `before` could not be read, and don't count any more. Locks the
    smelt's row, then the file's. Raises LostLease, and then nothing is noted.
    """
    smelt = lock_smelt_of(conn, FILES, claim.id)
    bump_version(conn, smelt.id)
    noted = conn.execute(
        cached_text(
            f"""
            update smelt_files set kept = kept[1:cast(:before as int)] || {_LINE}, updated_at = now()
            where id = :id and attempt = :attempt and status = 'processing'
            """
        ),
        {"id": claim.id, "attempt": claim.attempt, "before": before, "segments": segments},
    )
    if noted.rowcount != 1:
        raise LostLease


def note_all(conn: Connection, claim: Claim, segments: int) -> None:
    """The transcript is there, with so many segments: in the transaction that completes the file, after that."""
    conn.execute(
        cached_text(f"update smelt_files set kept = kept || {_LINE} where id = :id"),
        {"id": claim.id, "attempt": claim.attempt, "segments": segments},
    )
