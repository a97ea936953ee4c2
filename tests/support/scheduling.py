"""How `make test` deals the tests out among its processes: a module to one of them, and the modules that use the whole
service to one as well, so that it is started once and not by each.
"""

from collections.abc import Iterable

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

ON_THE_SERVICE = frozenset(
    {
        "tests/api/openai/test_transcriptions.py",
        "tests/deploy/cli/admin/test_on_a_service.py",
        "tests/deploy/client/commands/test_account.py",
        "tests/deploy/client/commands/test_prompts.py",
        "tests/deploy/client/commands/test_smelts.py",
        "tests/deploy/client/commands/test_submit.py",
        "tests/deploy/client/test_commands.py",
        "tests/deploy/client/test_watching.py",
        "tests/deploy/supervisor/test_service.py",
        "tests/docs/test_client_pages.py",
        "tests/docs/test_readme.py",
        "tests/smelt_client/test_wheel.py",
        "tests/test_following.py",
    }
)


class ByModule(LoadScopeScheduling):  # type: ignore[misc]
    def _split_scope(self, nodeid: str) -> str:
        module = _module(nodeid)
        return "the whole service" if module in ON_THE_SERVICE else module


def check_users_of_the_service(items: Iterable[pytest.Item]) -> None:
    """Raises UsageError where a module uses the session's `service` and isn't among those that share it."""
    for item in items:
        definitions = getattr(item, "_fixtureinfo").name2fixturedefs.get("service")  # noqa: B009 - of pytest's own
        nearest = definitions[-1] if definitions else None  # a module may have one of its own
        if nearest and nearest.scope == "session" and _module(item.nodeid) not in ON_THE_SERVICE:
            raise pytest.UsageError(f"{_module(item.nodeid)} uses the whole service: name it in {__file__}")


def _module(nodeid: str) -> str:
    return nodeid.partition("::")[0]
