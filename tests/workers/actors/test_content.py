"""What is made of content that was deleted meanwhile doesn't stay behind it."""

import threading
from collections.abc import Callable
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import Connection

from db.smelts.content_keys import delete_smelt
from db.smelts.control import cancel, delete_content
from db.work.files import begin_file, finish_file
from pipeline.content.errors import ContentMissing
from pipeline.content.keyring import new_content_key
from pipeline.content.store import Kind, ObjectName
from tests.support.smelts import admit_all, new_smelt
from workers.actors.content import record_stored
from workers.notifications.queues import ActorName
from workers.runner.run import run_next
from workers.runner.task import Task
from workers.services import Services

KEY = new_content_key()


@pytest.mark.parametrize(
    ("withdraw", "stays"), [(cancel, True), (delete_content, False), (delete_smelt, False)]
)
def test_an_object_that_comes_after_a_delete_is_deleted_too(
    services: Services, withdraw: Callable[[Connection, UUID], object], stays: bool
) -> None:
    """What is only canceled keeps its content until its deadline."""
    new = new_smelt(None, audio=1)
    with services.database.service() as conn:
        admit_all(conn, new)
    stored: list[ObjectName] = []

    def perform(task: Task) -> None:
        task.services.record(lambda conn: begin_file(conn, task.claim))
        with services.database.service() as conn:
            withdraw(conn, new.id)
        services.content.delete_smelt(new.id)
        stored.append(ObjectName(new.id, task.claim.id, Kind.TRANSCRIPT, task.claim.attempt))
        record = partial(services.record, lambda conn: finish_file(conn, task.claim, "en", 1.0))
        record_stored(task, stored[0], KEY, b"{}", record)

    assert run_next(services, ActorName.TRANSCRIBE_FILE, perform, threading.Event())
    if stays:
        assert services.content.get(stored[0], KEY) == b"{}"
    else:
        with pytest.raises(ContentMissing):
            services.content.get(stored[0], KEY)
