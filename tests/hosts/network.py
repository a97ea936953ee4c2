"""Hosts: network namespaces on one bridge, which know one another by name. A host can be cut off, slowed down, killed.

here ──bridge─┬─ db   ├─ redis   ├─ store   ├─ model   ├─ proxy   ├─ one   ├─ two   └─ three
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.faults.chaos.namespace import NoNamespaces, inside, ip

PREFIX = "10.213.78"
NETWORK = f"{PREFIX}.0/24"
NAMES = ("db", "redis", "store", "model", "proxy", "one", "two", "three")
HOSTS_FILES = Path("/etc/netns")  # `ip netns exec` lays what is below it over /etc
BRIDGE = f"smb{os.getpid()}"


@dataclass(frozen=True)
class Host:
    """`address`: on the bridge. `place`: its namespace. `plug`: its interface's other end, at the bridge."""

    name: str
    address: str
    place: str
    plug: str

    def command(self, *words: str) -> list[str]:
        """The same, run on this host."""
        return ["ip", "netns", "exec", self.place, *words]

    @contextmanager
    def here(self) -> Iterator[None]:
        """What this thread starts meanwhile runs on this host."""
        with inside(self.place):
            yield

    def cut_off(self) -> None:
        """From now on no frame of its arrives, and nobody is told."""
        ip("link", "set", self.plug, "nomaster")

    def heal(self) -> None:
        ip("link", "set", self.plug, "master", BRIDGE)

    def slow_down(self, rate: str) -> None:
        """`rate`: as tc takes it, of what it sends and of what it gets."""
        for where, device in ((("-n", self.place), "eth0"), ((), self.plug)):
            limits = ("root", "tbf", "rate", rate, "burst", "16kb", "latency", "400ms")
            _tc(*where, "qdisc", "replace", "dev", device, *limits)

    def speed_up(self) -> None:
        for where, device in ((("-n", self.place), "eth0"), ((), self.plug)):
            _tc(*where, "qdisc", "del", "dev", device, "root")

    def lose_power(self) -> int:
        """No frame says that it is gone, and its processes end. Returns how many."""
        self.cut_off()
        return self.kill()

    def kill(self) -> int:
        """All its processes at once; the others are told. Returns how many."""
        listed = subprocess.run(
            ["ip", "netns", "pids", self.place], capture_output=True, text=True, check=True
        )
        processes = [int(line) for line in listed.stdout.split()]
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        return len(processes)


@contextmanager
def network() -> Iterator[dict[str, Host]]:
    """By name. Raises NoNamespaces."""
    if os.geteuid() != 0 or shutil.which("ip") is None or shutil.which("tc") is None:
        raise NoNamespaces("not root, or no iproute2")
    hosts = {
        name: Host(
            name, f"{PREFIX}.{10 + number}", f"smelt-{name}-{os.getpid()}", f"sm{number}-{os.getpid()}"
        )
        for number, name in enumerate(NAMES)
    }
    names = "127.0.0.1 localhost\n" + "".join(f"{host.address} {host.name}\n" for host in hosts.values())
    with ExitStack() as stack:
        ip("link", "add", BRIDGE, "type", "bridge")
        stack.callback(ip, "link", "del", BRIDGE)
        ip("addr", "add", f"{PREFIX}.1/24", "dev", BRIDGE)
        ip("link", "set", BRIDGE, "up")
        for host in hosts.values():
            _plug_in(host, names, stack)
        yield hosts


def _plug_in(host: Host, names: str, stack: ExitStack) -> None:
    files = HOSTS_FILES / host.place
    files.mkdir(parents=True)
    stack.callback(shutil.rmtree, files)
    (files / "hosts").write_text(names)
    ip("netns", "add", host.place)
    stack.callback(ip, "netns", "del", host.place)
    stack.callback(host.kill)
    ip("link", "add", host.plug, "type", "veth", "peer", "name", "eth0", "netns", host.place)
    host.heal()
    ip("link", "set", host.plug, "up")
    ip("-n", host.place, "addr", "add", f"{host.address}/24", "dev", "eth0")
    for device in ("lo", "eth0"):
        ip("-n", host.place, "link", "set", device, "up")


def _tc(*arguments: str) -> None:
    subprocess.run(["tc", *arguments], check=True, capture_output=True)
