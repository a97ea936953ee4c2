"""A smelt that somebody follows through this process."""

import asyncio

from api.smelts.view import View


class Watch:
    """`view`: its latest; None once the smelt is deleted."""

    __slots__ = ("changed", "doubted", "followers", "reading", "view")

    def __init__(self, view: View) -> None:
        self.view: View | None = view
        self.followers = 0
        self.changed = asyncio.Event()
        self.doubted = self.reading = False

    def show(self, view: View | None) -> None:
        self.view = view
        self.tell()

    def tell(self) -> None:
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()
