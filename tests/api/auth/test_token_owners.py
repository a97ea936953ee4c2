"""What a process remembers of machine tokens is bounded."""

from uuid import uuid4

from api.auth.token_owners import TokenOwners


def test_the_tokens_used_longest_ago_are_forgotten() -> None:
    owners = TokenOwners(most=2)
    ada, bob = uuid4(), uuid4()
    owners.put(b"first", ada)
    owners.put(b"second", bob)
    assert owners.get(b"first") == ada
    owners.put(b"third", bob)
    assert [owners.get(name) for name in (b"first", b"second", b"third")] == [ada, None, bob]
    owners.forget(b"first")
    owners.forget(b"first")
    assert owners.get(b"first") is None
