"""What the commands ask of a service: the calls of `smelt_client`, and those that only a command has a use for."""

from collections.abc import Iterator, Sequence
from functools import partial
from uuid import UUID

from deploy.client.account import Account
from deploy.client.following import Hear, followed, followed_together
from deploy.client.library import Library
from deploy.client.listening import Listening
from smelt_client import Smelt, SmeltReply
from smelt_client.connection import authorize


class Client(Smelt):
    """`server`: its address, as it was given."""

    def __init__(self, server: str, token: str | None = None, *, trust_env: bool = True) -> None:
        super().__init__(server, token, trust_env=trust_env)
        self.server = server

    @property
    def library(self) -> Library:
        return Library(self)

    @property
    def account(self) -> Account:
        return Account(self)

    @property
    def signed_in(self) -> bool:
        """Whether it holds a token."""
        return "Authorization" in self._http.headers

    def use_token(self, token: str | None) -> bool:
        """From now on this one. False: it is the same as before, or there is none. Raises Misused."""
        before = self._http.headers.get("Authorization")
        authorize(self._http.headers, token)
        return before != self._http.headers.get("Authorization")

    def follow(self, smelt_id: UUID, hear: Hear = lambda *_: None) -> Iterator[SmeltReply]:
        """The smelt whenever it has changed; the last has ended. `hear`: is told of what is heard."""
        return followed(lambda: self.get(smelt_id), lambda: self.events(smelt_id), hear)

    def follow_all(
        self, smelt_ids: Sequence[UUID], hear: Hear = lambda *_: None
    ) -> Iterator[Sequence[SmeltReply]]:
        """Several, whenever one of them may have changed; the last time all have ended. `hear`: is told, from any
        thread, of what is heard.
        """
        if len(smelt_ids) == 1:
            yield from ([smelt] for smelt in self.follow(smelt_ids[0], hear))
            return
        with Listening(self.events, hear) as listening:
            for smelts in followed_together([partial(self.get, smelt_id) for smelt_id in smelt_ids]):
                listening.take(smelts)
                yield smelts
