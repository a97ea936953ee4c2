"""What may no longer be: content past its deadline, or without a smelt, and metadata past its time.

Of content the key goes first, then the objects.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import islice

from db.smelts.content_keys import delete_smelt, destroy_key, find_expired_content, find_missing
from db.smelts.retention import delete_ended_smelts, delete_old_actions
from pipeline.metrics.work import orphans
from pipeline.states import Tier
from workers.services import Services

log = logging.getLogger(__name__)

BATCH = 100
# An upload is older than its smelt's row by as long as it takes; nothing younger than this is an orphan.
ORPHAN_AGE = timedelta(hours=24)


def purge_expired(services: Services) -> int:
    """Deletes the content of up to a batch of smelts past their deadline; an anonymous smelt goes altogether.

    Returns how many. All keys go before the first object: a store that is away keeps no smelt from its end. If it fails
    in between, the sweep of orphans deletes the objects later: without the key they can't be read.
    """
    with services.database.service() as conn:
        expired = find_expired_content(conn, BATCH)
    for smelt in expired:
        with services.database.service() as conn:
            destroy_key(conn, smelt.smelt_id)
            if smelt.tier is Tier.ANONYMOUS:
                delete_smelt(conn, smelt.smelt_id)
    for smelt in expired:
        services.content.delete_smelt(smelt.smelt_id)
    return len(expired)


def forget_metadata(services: Services) -> int:
    """Deletes up to a batch of users' smelts, and one of operators' acts, that are older than SMELT_METADATA_DAYS.

    Returns how many.
    """
    kept = timedelta(days=services.settings.metadata_days)
    if not kept:
        return 0
    with services.database.service() as conn:
        smelts = delete_ended_smelts(conn, kept, BATCH)
    with services.database.service() as conn:
        return smelts + delete_old_actions(conn, kept, BATCH)


def purge_orphans(
    services: Services, age: timedelta = ORPHAN_AGE, on_tick: Callable[[], None] = lambda: None
) -> int:
    """Deletes objects that have been there for `age` and belong to no smelt with a key. Returns how many smelts'.

    `on_tick` is called between deletions, and while candidates are looked for; what it raises stops the sweep.
    """
    candidates = services.content.smelts(datetime.now(UTC) - age, on_tick)
    purged = 0
    while batch := list(islice(candidates, BATCH)):
        with services.database.service() as conn:
            missing = find_missing(conn, batch)
        on_tick()
        for smelt_id in missing:
            on_tick()
            services.content.delete_smelt(smelt_id)
        purged += len(missing)
    orphans.inc(purged)
    if purged:
        log.warning("deleted the objects of %d smelts that have no key", purged)
    return purged
