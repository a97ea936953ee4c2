"""Bodies that cost far more to read than to send."""

import json

from tests.faults.chaos.attacks.target import Target

JSON = {"Content-Type": "application/json"}


def long_names(target: Target) -> None:
    """Combining marks, which are sorted when a name is normalized."""
    marks = target.size(60_000, 30_000)
    name = "a" + marks * "\u0301" + marks * "\u0323"
    document = {"texts": [{"filename": name, "text": "x"}], "default_prompt_names": ["summarize"]}
    body = json.dumps(document, ensure_ascii=False).encode()
    with target.client() as client:
        for _ in target.paced(0.5):
            target.ask(client, "POST", "/v1/smelts", content=body, headers=JSON)


def json_bombs(target: Target) -> None:
    """A few bytes each become an object of dozens."""
    count = target.size(10_000_000, 2_500_000)
    bodies = [b'{"texts": [' + count * element + b"0]}" for element in (b"[],", b"{},")]

    def one() -> None:
        with target.client() as client:
            for _ in target.paced(0.2):
                for body in bodies:
                    target.ask(client, "POST", "/v1/smelts", content=body, headers=JSON)

    target.at_once(target.size(4, 2), one)
