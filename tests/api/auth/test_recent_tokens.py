"""What a process remembers of tokens is bounded."""

from uuid import UUID, uuid4

from api.auth.recent_tokens import RecentTokens


def test_the_tokens_used_longest_ago_are_forgotten() -> None:
    owners = RecentTokens[UUID](most=2)
    ada, bob = uuid4(), uuid4()
    owners.put(b"first", ada)
    owners.put(b"second", bob)
    assert owners.get(b"first") == ada
    owners.put(b"third", bob)
    assert [owners.get(name) for name in (b"first", b"second", b"third")] == [ada, None, bob]
    owners.forget(b"first")
    owners.forget(b"first")
    assert owners.get(b"first") is None
