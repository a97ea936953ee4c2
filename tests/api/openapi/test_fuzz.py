"""Every operation of the API's own description, fuzzed from it: no 5xx, and no answer outside of it.

Schemathesis draws the values from /openapi.json, valid ones and others; each operation is tried by a user and by a
visitor, on a smelt that exists and on ids that don't.
"""

from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, strategies
from schemathesis import APIOperation, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Err, Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from db.session import Database
from pipeline.settings import Settings
from tests.api.conftest import RunningApi, running
from tests.support import llm_server
from tests.support.cast import Cast
from tests.support.in_process_worker import do_all_work
from tests.support.rows import set_credits

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
NOTE: dict[str, Any] = {"texts": ["Ann ships on Friday."], "default_prompt_names": ["summarize"]}
FEW, MANY = (5, 2), (20, 4)  # examples for each operation: a user's, a visitor's
LAST = "DELETE /v1/account"


@pytest.fixture
def api(settings: Settings) -> Iterator[RunningApi]:
    roomy = {"anonymous_daily": 100_000, "uncharged_daily": 100_000, "rate_key_checks": 100_000}
    with llm_server.running() as provider:
        urls = {"user_key_base_url": provider.url}
        with running(settings.model_copy(update={**roomy, **urls})) as api:
            yield api


def cases(operation: Any, known: dict[str, str]) -> strategies.SearchStrategy[Any]:
    """Valid and invalid values; the path's are known ids for half of the valid ones."""
    names = {name for name in known if f"{{{name}}}" in operation.path}
    drawn = [operation.as_strategy(generation_mode=mode) for mode in GenerationMode]
    if names:
        ids = {name: known[name] for name in names}
        drawn.append(operation.as_strategy(path_parameters=ids))
    return strategies.one_of(drawn)


@pytest.mark.long
@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "examples", [FEW, pytest.param(MANY, marks=pytest.mark.exhaustive)], ids=["few", "many"]
)
def test_every_operation_answers_as_described(
    api: RunningApi, cast: Cast, database: Database, subtests: pytest.Subtests, examples: tuple[int, int]
) -> None:
    with api.client(cast.ada.headers) as ada:
        ada.get("/v1/profile").raise_for_status()
        set_credits(database, cast.ada.id, 100_000)
        smelt = ada.post("/v1/smelts", json=NOTE).raise_for_status().json()
        do_all_work(api.settings)
        document = ada.get("/openapi.json").json()
    known = {
        "smelt_id": smelt["id"],
        "file_id": smelt["files"][0]["id"],
        "output_id": smelt["outputs"][0]["id"],
    }
    found = list(schemathesis.openapi.from_dict(document).get_all_operations())
    assert not [each for each in found if isinstance(each, Err)]
    users, visitors = examples
    operations = [each.ok() for each in found if isinstance(each, Ok)]
    with requests.Session() as session:
        session.trust_env = False
        for operation in sorted(operations, key=destruction):
            drawn = cases(operation, known)
            with subtests.test(operation=operation.label):
                fuzz(api, session, drawn, cast.visitor.headers, visitors)
                fuzz(api, session, drawn, cast.ada.headers, users)
    assert [operation.label for operation in operations].count(LAST) == 1


def checks(case: Any) -> list[Any]:
    """A stream of events is described as the text that it is; the check would hold each event against that."""
    return CHECKS[:-1] if case.operation.path.endswith("/events") else CHECKS


def destruction(operation: APIOperation[Any, Any, Any, Any]) -> int:
    """What takes away comes last, so that there is something to try the others on."""
    return ("DELETE" in operation.label) + (operation.label == LAST)


def fuzz(
    api: RunningApi,
    session: requests.Session,
    drawn: strategies.SearchStrategy[Any],
    headers: dict[str, str],
    examples: int,
) -> None:
    @hypothesis.given(case=drawn)
    @hypothesis.settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def run(case: Any) -> None:
        case.call_and_validate(
            base_url=api.url, session=session, headers=headers, checks=checks(case), timeout=20
        )

    run()
