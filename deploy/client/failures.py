"""How a command can end, other than well: each has its exit code.

0  done          1  the smelt failed or was canceled      2  wrongly called (or configured)
3  refused       4  the service can't be reached, or can't answer at the moment
"""

from smelt_client import Misused, Refused, SmeltError, Unreachable

EXIT_CODES: dict[type[SmeltError], int] = {Misused: 2, Refused: 3, Unreachable: 4}


class SmeltNotCompleted(SmeltError):
    pass


def exit_code(failure: SmeltError) -> int:
    return EXIT_CODES.get(type(failure), 1)
