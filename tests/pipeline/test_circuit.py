"""Who talks to a server that is away is told so at once, and again as soon as it is back."""

import threading

from pipeline.circuit import Circuit
from tests.support.waiting import wait_until


class Server:
    def __init__(self) -> None:
        self.there = False
        self.probes = 0
        self.probing: set[int] = set()  # threads

    def answers(self) -> bool:
        self.probes += 1
        self.probing.add(threading.get_ident())
        return self.there


def test_it_stays_open_until_a_probe_succeeds() -> None:
    server = Server()
    circuit = Circuit(server.answers, every=0.01)
    assert not circuit.open

    circuit.trip()
    wait_until(lambda: server.probes > 2)
    assert circuit.open
    server.there = True

    wait_until(lambda: not circuit.open)


def test_only_the_first_who_fails_is_told_so_and_one_thread_probes() -> None:
    server = Server()
    circuit = Circuit(server.answers, every=0.01)

    first = [circuit.trip() for _ in range(5)]
    wait_until(lambda: server.probes > 5)
    circuit.end()

    assert first == [True, False, False, False, False]
    assert len(server.probing) == 1


def test_it_can_trip_again() -> None:
    server = Server()
    server.there = True
    circuit = Circuit(server.answers, every=0.01)

    for _ in range(3):
        assert circuit.trip()
        wait_until(lambda: not circuit.open)


def test_after_its_end_it_is_silent() -> None:
    server = Server()
    circuit = Circuit(server.answers, every=0.01)
    circuit.end()

    circuit.trip()

    assert server.probes == 0
