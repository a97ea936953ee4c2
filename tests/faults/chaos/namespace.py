"""Two network namespaces, made for a scenario: a server's, and a router's on the way to it, which can drop all packets.

    here ──veth── router ──veth── server

Needs root and iproute2. Linux frees the interfaces with their namespaces.
"""

import ctypes
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

NAMESPACES = Path("/run/netns")
CLONE_NEWNET = 0x40000000
HERE, ROUTER_NEAR, ROUTER_FAR, SERVER = (f"10.213.77.{host}" for host in (1, 2, 5, 6))
CLIENTS = "10.213.77.0/24"


class NoNamespaces(Exception):
    """They can't be made here; the message says why."""


@dataclass(frozen=True)
class Road:
    """`address`: the server's. Both ways go through the router."""

    address: str
    router: str
    server: str

    def drop(self) -> None:
        """From now on no packet arrives, and nobody is told."""
        self._forward("0")

    def open(self) -> None:
        self._forward("1")

    @contextmanager
    def at_the_server(self) -> Iterator[None]:
        """What this thread starts meanwhile lives in the server's namespace."""
        with inside(self.server):
            yield

    def _forward(self, value: str) -> None:
        ip("netns", "exec", self.router, "sh", "-c", f"echo {value} > /proc/sys/net/ipv4/ip_forward")


@contextmanager
def road() -> Iterator[Road]:
    """Raises NoNamespaces."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        raise NoNamespaces("not root, or no iproute2")
    it = Road(SERVER, f"smelt-router-{os.getpid()}", f"smelt-server-{os.getpid()}")
    made: list[str] = []
    try:
        for name in (it.router, it.server):
            ip("netns", "add", name)
            made.append(name)
        _pave(it)
        yield it
    finally:
        for name in made:
            ip("netns", "del", name)


def _pave(road: Road) -> None:
    near, far = f"smn{os.getpid()}", f"smf{os.getpid()}"
    ip("link", "add", near, "type", "veth", "peer", "name", "near", "netns", road.router)
    ip("-n", road.router, "link", "add", "far", "type", "veth", "peer", "name", far, "netns", road.server)
    ip("addr", "add", f"{HERE}/30", "dev", near)
    ip("link", "set", near, "up")
    for name, device, address in (
        (road.router, "near", ROUTER_NEAR),
        (road.router, "far", ROUTER_FAR),
        (road.server, far, SERVER),
    ):
        ip("-n", name, "addr", "add", f"{address}/30", "dev", device)
        ip("-n", name, "link", "set", device, "up")
    ip("-n", road.server, "route", "add", "default", "via", ROUTER_FAR)
    ip("route", "add", f"{SERVER}/32", "via", ROUTER_NEAR)
    road.open()


@contextmanager
def inside(namespace: str) -> Iterator[None]:
    """What this thread starts meanwhile lives there."""
    home = os.open(f"/proc/self/task/{threading.get_native_id()}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    there = os.open(NAMESPACES / namespace, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _enter(there)
        yield
    finally:
        _enter(home)
        os.close(there)
        os.close(home)


def ip(*arguments: str) -> None:
    """Raises NoNamespaces where it isn't done."""
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NoNamespaces(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


def _enter(namespace: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")
