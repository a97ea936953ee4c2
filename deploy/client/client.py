"""The service's calls for Python: typed, streaming, tried again where that is safe.

with Client("https://smelt.example.org", token="smelt_…") as client:
    smelt = client.submit([Path("talk.m4a"), "Some notes."], default_prompt_names=["summarize"])
    for smelt in client.follow(smelt.id):
        print(smelt.progress)
    Path("notes.zip").write_bytes(client.results(smelt.id, "application/zip"))
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from types import TracebackType
from typing import Any, Self
from uuid import UUID, uuid4

import httpx2
from h11 import LocalProtocolError

from api.schemas.smelts import (
    AcceptedSmelt,
    DeletionReceipt,
    ListedSmelt,
    SmeltPage,
    SmeltReply,
)
from deploy.client.account import Account
from deploy.client.events import Event, follow_events
from deploy.client.exchange import Exchange, parsed
from deploy.client.failures import Misused
from deploy.client.following import followed, followed_together
from deploy.client.inputs import Input, part
from deploy.client.library import Library
from deploy.client.sending import send

TIMEOUT = httpx2.Timeout(60.0, connect=10.0)  # seconds without a byte
LARGEST_PAGE = 100
VISIBLE_ASCII = re.compile(r"[!-~]+")

Fields = Mapping[str, str | Sequence[str]]


class Client(Exchange):
    """`token` None: anonymous. Every method raises Refused and Unreachable (`deploy/client/failures.py`)."""

    def __init__(self, server: str, token: str | None = None, *, trust_env: bool = True) -> None:
        """`trust_env`: whether the environment's proxies are used.

        Raises Misused for what can't be an address, or a token.
        """
        if token is not None and not VISIBLE_ASCII.fullmatch(token):
            raise Misused("the token has characters that no token has")
        self.server = server
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        try:
            super().__init__(
                httpx2.Client(base_url=server, headers=headers, timeout=TIMEOUT, trust_env=trust_env)
            )
        except (httpx2.InvalidURL, ValueError) as error:  # the latter for a proxy's, from the environment
            raise Misused(f"the server's address or its proxy's can't be used: {error}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    @property
    def library(self) -> Library:
        return Library(self)

    @property
    def account(self) -> Account:
        return Account(self)

    def use_token(self, token: str | None) -> bool:
        """From now on this one. False: it is the same as before, or there is none."""
        header = None if token is None else f"Bearer {token}"
        if header is None or self._http.headers.get("Authorization") == header:
            return False
        self._http.headers["Authorization"] = header
        return True

    @property
    def signed_in(self) -> bool:
        """Whether it holds a token."""
        return "Authorization" in self._http.headers

    def submit(
        self, inputs: Sequence[Input], fields: Fields | None = None, *, key: str | None = None, **more: Any
    ) -> AcceptedSmelt:
        """Posts files, streamed from disk, and texts, with the fields of `POST /v1/smelts`.

        A visitor's client holds the new smelt's token from then on. `key`: of a post that may be repeated after a
        crash; one of its own otherwise. Raises Misused for a file that can't be read.
        """
        headers = {"Idempotency-Key": key or str(uuid4())}
        data = {name: value for name, value in {**(fields or {}), **more}.items() if value is not None}
        with ExitStack() as opened:
            files = [part(item, opened) for item in inputs]
            try:
                reply = send(
                    lambda: self._http.post("/v1/smelts", headers=headers, files=files, data=data),
                    repeatable=True,
                )
            except LocalProtocolError:  # httpx2 lets it through as it is
                raise Misused("a file changed its size while it was sent") from None
        accepted = parsed(AcceptedSmelt, reply)
        if accepted.access_token is not None:
            self._http.headers["Authorization"] = f"Bearer {accepted.access_token}"
        return accepted

    def get(self, smelt_id: UUID) -> SmeltReply:
        return self.read(SmeltReply, f"/v1/smelts/{smelt_id}")

    def follow(self, smelt_id: UUID) -> Iterator[SmeltReply]:
        """The smelt whenever it has changed; the last has ended."""
        return followed(lambda: self.get(smelt_id), lambda: self.events(smelt_id))

    def follow_all(self, smelt_ids: Sequence[UUID]) -> Iterator[Sequence[SmeltReply]]:
        """Several, whenever one of them may have changed; the last time all have ended."""
        if len(smelt_ids) == 1:
            return ([smelt] for smelt in self.follow(smelt_ids[0]))
        return followed_together([partial(self.get, smelt_id) for smelt_id in smelt_ids])

    def events(self, smelt_id: UUID) -> Iterator[Event]:
        """What happens to it, as it happens; a snapshot first, `done` last."""
        return follow_events(self._http, f"/v1/smelts/{smelt_id}/events")

    def list(self, most: int = 20, **filters: str | None) -> Iterator[ListedSmelt]:
        """The caller's own, newest first, as many pages as it takes."""
        params = {name: value for name, value in filters.items() if value is not None}
        while most > 0:
            page = self.read(SmeltPage, "/v1/smelts", limit=str(min(most, LARGEST_PAGE)), **params)
            yield from page.items
            most -= len(page.items)
            if page.next_cursor is None:
                return
            params["cursor"] = page.next_cursor

    def cancel(self, smelt_id: UUID) -> SmeltReply:
        return self.call(SmeltReply, "POST", f"/v1/smelts/{smelt_id}/cancel")

    def retry(self, smelt_id: UUID) -> SmeltReply:
        return self.call(SmeltReply, "POST", f"/v1/smelts/{smelt_id}/retry")

    def delete(self, smelt_id: UUID) -> None:
        """Content and metadata."""
        self.remove(f"/v1/smelts/{smelt_id}")

    def delete_content(self, smelt_id: UUID) -> DeletionReceipt:
        url = f"/v1/smelts/{smelt_id}/content"
        return parsed(DeletionReceipt, send(lambda: self._http.delete(url), repeatable=True))

    def results(self, smelt_id: UUID, media_type: str) -> bytes:
        """All finished results as `text/markdown`, `application/zip` or `application/json`."""
        return self.fetch(f"/v1/smelts/{smelt_id}/outputs", media_type)

    def transcript(self, smelt_id: UUID, file_id: UUID, form: str = "txt") -> bytes:
        """`form`: txt, srt, vtt or json."""
        return self.fetch(f"/v1/smelts/{smelt_id}/files/{file_id}/transcript?format={form}")
