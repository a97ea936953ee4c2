"""A store that is away is left alone, and used again a pause after its return at the latest."""

from pathlib import Path
from uuid import uuid4

import pytest

from pipeline.circuit_breaker import FAILURES, FIRST_PAUSE
from pipeline.content.errors import ContentMissing, ContentUnavailable
from pipeline.content.keyring import new_content_key
from pipeline.content.store import ContentStore, Kind, ObjectName
from tests.support.waiting import wait_until


def test_calls_are_put_off_until_one_has_an_answer(tmp_path: Path) -> None:
    folder, aside = tmp_path / "content", tmp_path / "aside"
    store = ContentStore.open_url(f"file://{folder}", guarded=True)
    name, key = ObjectName(uuid4(), uuid4(), Kind.RESULT), new_content_key()
    store.put(name, key, b"kept")
    folder.rename(aside)
    for _ in range(FAILURES):
        with pytest.raises(ContentUnavailable) as away:
            store.get(name, key)
        assert away.value.retry_after is None
    aside.rename(folder)
    with pytest.raises(ContentUnavailable) as put_off:
        store.get(name, key)
    assert put_off.value.retry_after is not None
    assert 0 < put_off.value.retry_after <= FIRST_PAUSE

    def read() -> bool:
        try:
            return store.get(name, key) == b"kept"
        except ContentUnavailable:
            return False

    wait_until(read)
    store.delete(name)
    with pytest.raises(ContentMissing):
        store.get(name, key)
    assert store.delete_smelt(name.smelt_id) == 0
