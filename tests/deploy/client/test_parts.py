"""What a part is doing, in few words."""

from typing import Any

import pytest

from deploy.client.parts import part_named, parts_of, summary_of
from smelt_client import Misused
from tests.support.smelt_replies import file, output, smelt


@pytest.mark.parametrize(
    ("changes", "standing"),
    [
        ({"status": "processing", "progress": 0.42}, "42%"),
        ({"status": "pending", "progress": 0.0, "queue_position": 3}, "place 3 in the queue"),
        ({"status": "pending", "progress": 0.0, "queue_position": 1_000}, "place 1,000 in the queue"),
        ({"status": "pending", "progress": 0.0}, "pending"),
        ({"status": "processing", "waiting_for": "content_store"}, "waits for the content store"),
        ({"status": "waiting", "waiting_for": "language_model"}, "waits for the language model"),
        ({"status": "waiting", "waiting_for": "hold"}, "is held by the service's operator"),
        ({"status": "completed"}, "completed"),
        ({"status": "failed", "progress": 1.0, "queue_position": 4}, "failed"),
        ({"status": "canceled", "progress": 1.0}, "canceled"),
    ],
)
def test_a_part_says_what_it_is_doing(changes: dict[str, Any], standing: str) -> None:
    (part,) = parts_of(smelt(file(**changes)))
    assert (part.title, part.standing) == ("file    talk-1.m4a", standing)


def test_outputs_are_called_by_their_prompt_and_their_file() -> None:
    one = file()
    outputs = [output(one), output(None), output(one, default_prompt_name=None)]
    assert [part.title for part in parts_of(smelt(one, outputs=outputs))[1:]] == [
        "output  summarize of talk-1.m4a",
        "output  summarize of all files together",
        "output  own prompt of talk-1.m4a",
    ]


def test_a_part_is_meant_by_its_id_or_by_its_name_if_no_other_has_it() -> None:
    one, two = file(), file(2, filename="talk-1.m4a")
    made = output(one)
    both = smelt(one, outputs=[made])
    assert part_named(both, "Talk-1.m4a").id == one.id
    assert part_named(both, "summarize of talk-1.m4a").id == made.id
    assert part_named(both, str(made.id).upper()).id == made.id
    with pytest.raises(Misused, match="no part is called talk-9"):
        part_named(both, "talk-9")
    with pytest.raises(Misused, match=f"2 parts are called talk-1.m4a: give an id, one of {one.id}"):
        part_named(smelt(one, two), "talk-1.m4a")


@pytest.mark.parametrize(
    ("statuses", "said"),
    [
        (["completed", "processing", "failed"], "1 of 3 files, 1 failed"),
        (["pending", "pending"], "0 of 2 files, place 7 in the queue"),
        (["pending", "processing"], "0 of 2 files"),
    ],
)
def test_many_are_told_in_one_line(statuses: list[str], said: str) -> None:
    files = [
        file(number, status=status, progress=0.5, queue_position=8 - number if status == "pending" else None)
        for number, status in enumerate(statuses)
    ]
    assert summary_of([smelt(*files)]) == said


def test_all_smelts_of_a_batch_are_one_line() -> None:
    one = file()
    assert summary_of([smelt(one, outputs=[output(one)]), smelt(one)]) == "2 of 2 files, 1 of 1 outputs"
