"""House rules that a program can check. import-linter checks the direction of imports (pyproject.toml)."""

import ast
import re
from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from pathlib import Path

import psycopg
import pytest

from pipeline import states

ROOT = Path(__file__).parent.parent
PACKAGES = ("api", "workers", "pipeline", "db", "deploy", "smelt_client")
LONGEST = 250  # lines of a file
# Besides the settings, these hand this process's environment on to a child without deciding anything by it.
READ_THE_ENVIRONMENT = {
    "pipeline/settings/__init__.py",
    "deploy/supervisor/environment.py",
    "pipeline/metrics/pool_files.py",
    "workers/pools/pool.py",
    "pipeline/tracing/exporting.py",
}
# Where an unforeseen error becomes the `internal_error` of a row or a reply, or a line of the log, and ends neither
# process nor thread.
EDGES = {"workers/runner/run.py", "workers/runner/heartbeat.py", "api/middleware/catch_all_errors.py"}
# At the end of an operand's name
SECRET_NAMES = re.compile(
    r"(token|secret|digest|fingerprint|signature|hash|password|api_key|ticket)(?= [=!]=|$)"
)
ENUMS = [
    value
    for value in vars(states).values()
    if isinstance(value, type) and issubclass(value, StrEnum) and value is not StrEnum
]


def sources(*packages: str) -> Iterator[tuple[str, ast.Module]]:
    for package in packages:
        yield from parsed(package)


@cache
def parsed(package: str) -> list[tuple[str, ast.Module]]:
    return [
        (str(path.relative_to(ROOT)), ast.parse(path.read_text(), path.name))
        for path in sorted((ROOT / package).rglob("*.py"))
    ]


def calls(tree: ast.Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def imported(tree: ast.Module) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


def test_the_environment_is_read_in_one_file() -> None:
    readers = {
        name
        for name, tree in sources(*PACKAGES)
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and node.attr in ("environ", "environb", "getenv"))
        or (isinstance(node, ast.ImportFrom) and {"environ", "getenv"} & {alias.name for alias in node.names})
    }
    assert readers <= READ_THE_ENVIRONMENT


def test_only_the_session_commits() -> None:
    committers = {
        name
        for name, tree in sources("api", "workers", "db", "deploy")
        for call in calls(tree)
        if isinstance(call.func, ast.Attribute) and call.func.attr in ("commit", "rollback")
    }
    assert committers <= {"db/session.py"}


def test_no_sql_outside_db() -> None:
    """Of SQLAlchemy the others know a connection, to hand it on; statements are made by `db.statement.cached_text`."""
    assert not {name for name, tree in sources("api", "workers", "pipeline") if makes_statements(tree)}
    assert {"db/work/claims.py", "db/session.py"} <= {
        name for name, tree in sources("db") if makes_statements(tree)
    }


def makes_statements(tree: ast.Module) -> bool:
    return any(
        (isinstance(node, ast.Import) and any(of_sql(alias.name) for alias in node.names))
        or (
            isinstance(node, ast.ImportFrom)
            and of_sql(node.module or "")
            and {alias.name for alias in node.names} != {"Connection"}
        )
        for node in ast.walk(tree)
    ) or any(
        isinstance(call.func, ast.Attribute) and call.func.attr == "exec_driver_sql" for call in calls(tree)
    )


def of_sql(module: str) -> bool:
    return module.split(".", maxsplit=1)[0] == "sqlalchemy" or module == "db.statement"


def test_nothing_secret_is_compared_letter_by_letter() -> None:
    """`==` takes the longer the more letters are right. Signatures are PyJWT's to compare (`hmac.compare_digest`),
    machine tokens and tickets are looked up by their hash, and what is left must go through `compare_digest`.
    """
    comparisons = [
        (name, ast.unparse(node))
        for name, tree in sources("api", "workers", "pipeline")
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops)
    ]
    assert [one for one in comparisons if SECRET_NAMES.search(one[1])] == []
    assert len(comparisons) > 100


def test_no_handler_swallows_everything() -> None:
    """Bare `except` never; `except Exception` only where it always raises, or at an edge of the service."""
    assert {name for name, tree in sources(*PACKAGES) if swallows(tree)} == EDGES


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        ("except:\n  pass", True),
        ("except Exception:\n  pass", True),
        ("except (OSError, BaseException):\n  pass", True),
        ("except builtins.Exception:\n  pass", True),
        ("except Exception as error:\n  if error.args:\n    raise", True),
        ("except Exception:\n  if x:\n    return\n  raise", True),
        ("except Exception:\n  raise", False),
        ("except Exception:\n  if x:\n    raise A\n  else:\n    raise", False),
        ("except Exception:\n  with x:\n    close()\n  raise", False),
        ("except OSError:\n  pass", False),
    ],
)
def test_the_rule_of_handlers_tells_who_swallows(handler: str, *, expected: bool) -> None:
    assert (
        swallows(ast.parse(f"def f():\n try:\n  work()\n {handler.replace(chr(10), chr(10) + ' ')}"))
        == expected
    )


def swallows(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.ExceptHandler)
        and catches_all(node.type)
        and (not raises(node.body) or any(isinstance(inner, LEAVING) for inner in ast.walk(node)))
        for node in ast.walk(tree)
    ) or any(
        isinstance(call.func, ast.Name) and call.func.id == "suppress" and any(map(catches_all, call.args))
        for call in calls(tree)
    )


LEAVING = (ast.Return, ast.Break, ast.Continue)


def raises(body: list[ast.stmt]) -> bool:
    """Whether it always ends so."""
    match body[-1]:
        case ast.Raise():
            return True
        case ast.If(body=then, orelse=other):
            return bool(other) and raises(then) and raises(other)
        case ast.With(body=inner):
            return raises(inner)
    return False


def catches_all(kind: ast.expr | None) -> bool:
    match kind:
        case (
            None | ast.Name("Exception" | "BaseException") | ast.Attribute(attr="Exception" | "BaseException")
        ):
            return True
        case ast.Tuple(elts=kinds):
            return any(map(catches_all, kinds))
    return False


def test_files_are_short() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > LONGEST
    }
    assert not long


@pytest.mark.parametrize("module", ["announcer", "queue_notifications", "queues", "redis_client", "waiting"])
def test_what_the_api_imports_of_the_workers_knows_nothing_of_them(module: str) -> None:
    """It must not bring actors or models along."""
    tree = ast.parse((ROOT / f"workers/notifications/{module}.py").read_text())
    ours = {name for name in imported(tree) if name.split(".")[0] in PACKAGES}
    known = ("announcer", "queues", "redis_client", "waiting")
    allowed = ("pipeline.", *(f"workers.notifications.{one}" for one in known))
    assert all(name.startswith(allowed) for name in ours)


@pytest.mark.parametrize("enum", ENUMS, ids=lambda enum: enum.__name__)
def test_each_enum_equals_its_type_in_the_database(enum: type[StrEnum], owner_url: str) -> None:
    """The order too: Postgres sorts and compares by it."""
    with psycopg.connect(owner_url) as connection:
        labels = connection.execute(
            "select enumlabel from pg_enum join pg_type on pg_type.oid = enumtypid"
            " where typname = %s order by enumsortorder",
            (snake_case(enum.__name__),),
        ).fetchall()
    assert [label for (label,) in labels] == [member.value for member in enum]


def snake_case(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
