"""A pytest plugin: only tests that start neither Postgres nor Valkey. `make check` runs them."""

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    without = [item for item in items if "servers" not in getattr(item, "fixturenames", ())]
    chosen = set(without)
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = without
