"""What the workers' tests work with."""

from collections.abc import Iterator

import pytest

from pipeline.settings import Settings
from workers.services import Services


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    services = Services.open(settings)
    yield services
    services.close()
