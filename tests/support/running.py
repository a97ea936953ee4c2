"""A running service, as the end-to-end tests use it: over HTTP."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import httpx

from deploy.supervisor.service import Service
from pipeline.settings import Settings
from pipeline.states import SmeltStatus
from tests.support.cast import Cast, User, Visitor
from tests.support.waiting import wait_until


@dataclass(frozen=True)
class RunningService:
    service: Service
    cast: Cast
    log: list[str]  # lines of all its processes, growing

    @property
    def settings(self) -> Settings:
        return self.service.settings

    def client(self, who: User | Visitor | None = None) -> AbstractContextManager[httpx.Client]:
        """An HTTP client of the service, signed in as `who` (a visitor unless told)."""
        headers = (who or self.cast.visitor).headers
        return httpx.Client(base_url=self.service.address, headers=headers, timeout=30, trust_env=False)

    def finished(self, client: httpx.Client, smelt_id: str, within: float = 60.0) -> dict[str, Any]:
        """The Smelt once it has ended, however it ended."""
        smelt: dict[str, Any] = {}

        def ended() -> bool:
            nonlocal smelt
            smelt = client.get(f"/v1/smelts/{smelt_id}").raise_for_status().json()
            return SmeltStatus(smelt["status"]).terminal

        wait_until(ended, within)
        return smelt
