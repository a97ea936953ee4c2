"""The schema, as SQL files in the order of their numbers, one up and one down, and the list of them.

What is released is never edited, only added to. Nothing but `db/migrate.py` runs them. Imports nothing of ours.
"""

import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
# A number of four digits: until the first release there were nineteen, 0001_auth to 0019_file_warnings.
_UNRELEASED = re.compile(r"00[01]\d_")


@cache
def revisions() -> tuple[str, ...]:
    """All that this code knows, oldest first. A later service's are none of them."""
    return tuple(sorted(path.name.removesuffix(".up.sql") for path in FOLDER.glob("*.up.sql")))


def newest() -> str:
    return revisions()[-1]


def is_unreleased(revision: str) -> bool:
    """Whether it is of the set before the first release, which these don't lead on from."""
    return _UNRELEASED.match(revision) is not None
