"""The client's own models say what the service's do, and bear what neither of them knows yet."""

import json

import pytest

from api.openapi import examples
from api.schemas import smelts as schemas
from smelt_client import models

NAMES = [
    name
    for name, value in vars(models).items()
    if isinstance(value, type)
    and issubclass(value, models.Reply)
    and value not in (models.Reply, models.Ending)
]


def test_there_are_models() -> None:
    assert len(NAMES) >= 10


@pytest.mark.parametrize("name", NAMES)
def test_each_has_the_fields_of_the_services(name: str) -> None:
    """One that is added gets a default here: older services don't tell it."""
    ours, theirs = getattr(models, name).model_fields, getattr(schemas, name).model_fields
    assert ours.keys() == theirs.keys()
    assert {field for field, info in ours.items() if info.is_required()} <= {
        field for field, info in theirs.items() if info.is_required()
    }


def test_what_a_later_service_says_breaks_nothing() -> None:
    told = {**examples.EXAMPLES["SmeltReply"], "status": "paused", "tier": "gold", "mood": "fine"}
    smelt = models.SmeltReply.model_validate_json(json.dumps(told, default=str))
    assert (smelt.status, smelt.tier, smelt.ended) == ("paused", "gold", False)
