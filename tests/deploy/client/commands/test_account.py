"""Machine tokens and an API key of one's own, from the command line."""

import json

from tests.deploy.client.conftest import Invoke


def test_a_machine_token_is_made_shown_once_used_and_revoked(invoke: Invoke) -> None:
    made = json.loads(invoke("token", "add", "nightly", "--expires", "2099-01-31", "--json").stdout)
    assert invoke("usage", SMELT_TOKEN=made["token"]).exit_code == 0
    (row,) = invoke("token", "list").stdout.splitlines()
    assert row.split("\t")[:3] == [made["id"], "nightly", f"…{made['token'][-4:]}"]
    assert "2099-01-3" in row
    assert invoke("token", "revoke", made["id"], "-y").exit_code == 0
    assert invoke("usage", SMELT_TOKEN=made["token"]).exit_code == 3
    assert invoke("token", "add", "forever").stdout.startswith("smelt_")


def test_what_is_no_token_to_be_is_wrongly_called(invoke: Invoke) -> None:
    for arguments in (["late", "--expires", "2020-01-01"], ["late", "--expires", "soon"], [""]):
        answer = invoke("token", "add", *arguments)
        assert (answer.exit_code, len(answer.stderr.splitlines())) == (2, 1), answer.output


def test_a_key_is_read_from_stdin_and_never_shown(invoke: Invoke) -> None:
    assert invoke("key", "show").stdout == "none\t-\tnever\n"
    wrong = invoke("key", "set", stdin="sk-planted secret\n")
    assert (wrong.exit_code, "printable ASCII" in wrong.stderr, "planted" in wrong.output) == (2, True, False)
    none = invoke("key", "set")
    assert (none.exit_code, none.stderr) == (2, "smelt: the key has fewer than 8 letters\n")
    assert invoke("key", "delete", "-y").exit_code == 0
