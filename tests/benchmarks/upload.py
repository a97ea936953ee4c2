"""How much the API's memory grows, at its peak, while it takes a 200 MB upload in, and its processor time for that."""

from collections.abc import Iterator

import httpx

from tests.benchmarks.harness import Bench, Peak, bench_service

SIZE = 199_000_000
CHUNK = 1_000_000
BOUNDARY = "bench"


def measure() -> None:
    with bench_service() as bench, bench.client("ada") as client:
        client.wait(client.post(texts=("hello there",), default_prompt_names="summarize"))
        before, peak = bench.api.memory_info().rss, Peak(bench.api)
        spent = _spent(bench)
        with peak:
            response = client.http.post(
                "/v1/smelts",
                content=_body(),
                headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"},
            )
        assert response.status_code == httpx.codes.ACCEPTED, response.text
        spent = _spent(bench) - spent
        client.http.delete(f"/v1/smelts/{response.json()['id']}").raise_for_status()
    growth = (peak.highest - before) / 1e6
    print(
        f"API memory during a {SIZE / 1e6:.0f} MB upload: grew by {growth:.1f} MB (aim: under 32 MB); CPU of a GB: "
        f"{spent / SIZE * 1e9:.1f} s"
    )


def _spent(bench: Bench) -> float:
    """Seconds of processor time of the API's process so far."""
    return sum(bench.api.cpu_times()[:2])


def _body() -> Iterator[bytes]:
    yield (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="long.wav"\r\n\r\n'
        "RIFF\xff\xff\xff\x7fWAVEfmt "
    ).encode("latin-1")
    chunk = bytes(CHUNK)
    for _ in range(SIZE // CHUNK):
        yield chunk
    yield f"\r\n--{BOUNDARY}--\r\n".encode()


if __name__ == "__main__":
    measure()
