"""A worker process is seen while it lives, with what it has in hand, and no longer once it has ended."""

import os
import threading
from uuid import uuid4

from db.admin.workers import list_workers
from db.work.claims import Claim
from db.work.files import FILES
from tests.support.waiting import wait_until
from workers.notifications.queues import Queue
from workers.pools.presence import Presence
from workers.runner.lease import Lease
from workers.services import Services


def test_it_is_seen_while_it_lives(services: Services) -> None:
    claim = Claim(uuid4(), 1, 0)
    lease = Lease(services.database, FILES, claim, seconds=60, stopping=threading.Event(), grace=1)
    presence = Presence(services, Queue.TRANSCRIBE_SHORT, every=0.05)

    def seen() -> list[tuple[int, str, bool, list[object]]]:
        with services.database.service() as conn:
            return [
                (one.pid, one.queue, one.alive, [running.id for running in one.running])
                for one in list_workers(conn)
            ]

    presence.start()
    try:
        wait_until(lambda: seen() == [(os.getpid(), "transcribe_short", True, [])])
        with services.heartbeat.keeping(lease):
            wait_until(lambda: seen() == [(os.getpid(), "transcribe_short", True, [claim.id])])
        wait_until(lambda: seen() == [(os.getpid(), "transcribe_short", True, [])])
    finally:
        presence.close()
    assert seen() == []
