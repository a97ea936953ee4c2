"""One user's heavy requests, sent in parallel from a process of its own, so that it slows nobody who measures.

    python -m tests.support.flood '{"url": …, "token": …, "method": "GET", "path": …, "connections": 60, "times": 1}'

Sends the request `times` times over each connection and prints how often each status came. Replies are read and
forgotten. An event stream (`…/events`) is read until its last part has come, and held until all have theirs.
"""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

SECONDS = 120.0


def flood(**attack: Any) -> subprocess.Popen[str]:
    """Begins it."""
    command = [sys.executable, "-m", "tests.support.flood", json.dumps(attack)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen[str]) -> dict[str, int]:
    """How often each status came."""
    with process:
        output, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 0
    statuses: dict[str, int] = json.loads(output)
    return statuses


async def _attack(attack: dict[str, Any]) -> Counter[str]:
    statuses: Counter[str] = Counter()
    body = (attack.get("body") or "").encode()
    request = (
        f"{attack['method']} {attack['path']} HTTP/1.1\r\nHost: flood\r\n"
        f"Authorization: Bearer {attack['token']}\r\nContent-Type: application/json\r\n"
        f"Accept: {attack.get('accept', '*/*')}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body
    everybody = asyncio.Barrier(attack["connections"])

    address = urlsplit(attack["url"])

    async def one() -> None:
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        await everybody.wait()
        for _ in range(attack.get("times", 1)):
            writer.write(request)
            await writer.drain()
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            statuses[head.split()[1]] += 1
            until = attack.get("until", "").encode() if " 200 " in head else b""
            await _read_body(reader, head, until)
            if "connection: close" in head:
                writer.close()
                reader, writer = await asyncio.open_connection(address.hostname, address.port)
        if attack.get("until"):
            await everybody.wait()
        writer.close()

    async with asyncio.timeout(SECONDS), asyncio.TaskGroup() as group:
        for _ in range(attack["connections"]):
            group.create_task(one())
    return statuses


async def _read_body(reader: asyncio.StreamReader, head: str, until: bytes) -> None:
    if "content-length:" in head:
        left = int(head.partition("content-length:")[2].split()[0])
        while left:
            left -= len(await reader.read(min(left, 1 << 18)))
        return
    end, tail = until or b"0\r\n\r\n", b""
    while end not in tail:
        piece = await reader.read(1 << 18)
        assert piece, "the reply was cut"
        tail = tail[-len(end) :] + piece


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_attack(json.loads(sys.argv[1])))))
