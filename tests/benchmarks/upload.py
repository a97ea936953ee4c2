"""How much the API's memory grows, at its peak, while it takes a 200 MB upload in."""

import threading
from collections.abc import Iterator

import httpx
import psutil

from tests.benchmarks.harness import bench_service

SIZE = 199_000_000
CHUNK = 1_000_000
BOUNDARY = "bench"


def measure() -> None:
    with bench_service() as bench, bench.client("ada") as client:
        client.wait(client.post(texts=("hello there",), default_prompt_names="summarize"))
        before, peak = bench.api.memory_info().rss, _Peak(bench.api)
        with peak:
            response = client.http.post(
                "/v1/smelts",
                content=_body(),
                headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"},
            )
        assert response.status_code == httpx.codes.ACCEPTED, response.text
        client.http.delete(f"/v1/smelts/{response.json()['id']}").raise_for_status()
    growth = (peak.highest - before) / 1e6
    print(f"API memory during a {SIZE / 1e6:.0f} MB upload: grew by {growth:.1f} MB (aim: under 32 MB)")


def _body() -> Iterator[bytes]:
    yield (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="long.wav"\r\n\r\n'
        "RIFF\xff\xff\xff\x7fWAVEfmt "
    ).encode("latin-1")
    chunk = bytes(CHUNK)
    for _ in range(SIZE // CHUNK):
        yield chunk
    yield f"\r\n--{BOUNDARY}--\r\n".encode()


class _Peak:
    """The highest resident size of a process while the block runs."""

    def __init__(self, process: psutil.Process) -> None:
        self.highest = 0
        self._process = process
        self._done = threading.Event()
        self._watcher = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        while not self._done.wait(0.01):
            self.highest = max(self.highest, self._process.memory_info().rss)

    def __enter__(self) -> None:
        self._watcher.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._watcher.join()


if __name__ == "__main__":
    measure()
