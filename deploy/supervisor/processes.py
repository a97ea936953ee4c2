"""The service's processes on this machine, each restarted when it dies, all stopped together."""

from collections.abc import Callable, Mapping
from functools import partial

from deploy.supervisor.children import spawn
from deploy.supervisor.runner import Runner, stop_all
from workers.pools.slots import POOLS

API = "api"
# What the Procfile says to other programs that keep processes: here, because an installed Smelt has no such file.
COMMANDS: Mapping[str, list[str]] = {
    API: ["smelt", "api"],
    **{pool.value: ["smelt", "worker", pool.value] for pool in POOLS},
    "reconciler": ["smelt", "reconciler"],
}


class Processes:
    """Starts the commands and keeps them running. `report(name, line)` gets each line that they print.

    `environment_of(name)`: what a command gets, which is asked once.
    """

    def __init__(
        self,
        commands: Mapping[str, list[str]],
        environment_of: Callable[[str], Mapping[str, str]],
        report: Callable[[str, str], None],
    ) -> None:
        self.runners = {
            name: Runner(name, partial(spawn, command, environment_of(name)), partial(report, name))
            for name, command in commands.items()
        }

    def start(self) -> None:
        for runner in self.runners.values():
            runner.start()

    def kill(self) -> None:
        for runner in self.runners.values():
            runner.kill()

    def stop(self, grace: float) -> None:
        """Workers first, so that nothing new is begun; the API last, so that clients can ask until the end.

        `grace`: seconds that the workers may use to finish or give back what they run.
        """
        workers = [runner for name, runner in self.runners.items() if name != API]
        stop_all(workers, grace)
        stop_all([runner for name, runner in self.runners.items() if name == API], grace)
