"""Servers of objects, on plain HTTP: two of S3 that know nothing of one another, and Azure's emulator."""

import base64
import hashlib
import hmac
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path

import httpx

from tests.backends.backend import TOOLS, NotReachable, Running, program
from tests.support.scraping import free_port
from tests.support.waiting import wait_until

BUCKET = "smelt-tests"
# Azurite's own, which its documentation names
AZURE_ACCOUNT = "devstoreaccount1"
AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
NODE = TOOLS / "node" / "node_modules"


@contextmanager
def moto(folder: Path) -> Iterator[Running]:
    port = free_port()
    command = [program("moto_server", TOOLS / "bin"), "-H", "127.0.0.1", "-p", str(port)]
    with _serving(command, folder, port):
        httpx.put(f"http://127.0.0.1:{port}/{BUCKET}", timeout=30).raise_for_status()
        yield _s3(f"moto {_python_version('moto')}", port, "testing", "testing")


@contextmanager
def s3rver(folder: Path) -> Iterator[Running]:
    port = free_port()
    command = [program("s3rver", NODE / ".bin"), "-d", str(folder), "-a", "127.0.0.1", "-p", str(port)]
    with _serving([*command, "--configure-bucket", BUCKET, "--silent"], folder, port):
        yield _s3(f"s3rver {_node_version('s3rver')}", port, "S3RVER", "S3RVER")


@contextmanager
def azurite(folder: Path) -> Iterator[Running]:
    port = free_port()
    where = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(folder), "--silent"]
    command = [program("azurite-blob", NODE / ".bin"), *where, "--skipApiVersionCheck", "--disableTelemetry"]
    with _serving(command, folder, port):
        endpoint = f"http://127.0.0.1:{port}/{AZURE_ACCOUNT}"
        _make_container(endpoint)
        environment = {
            "SMELT_TEST_CONTENT_URL": f"az://{BUCKET}",
            "AZURE_STORAGE_ACCOUNT_NAME": AZURE_ACCOUNT,
            "AZURE_STORAGE_ACCOUNT_KEY": AZURE_KEY,
            "AZURE_STORAGE_ENDPOINT": endpoint,
        }
        yield Running(f"Azurite {_node_version('azurite')}", environment)


def _s3(version: str, port: int, key: str, secret: str) -> Running:
    environment = {
        "SMELT_TEST_CONTENT_URL": f"s3://{BUCKET}",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_REGION": "us-east-1",
    }
    return Running(version, environment)


@contextmanager
def _serving(command: list[str], folder: Path, port: int) -> Iterator[None]:
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    try:
        wait_until(lambda: server.poll() is not None or _answers(port), 60)
        assert server.poll() is None, (folder / "log").read_text()
        yield
    finally:
        server.terminate()
        server.wait()


def _answers(port: int) -> bool:
    try:
        httpx.get(f"http://127.0.0.1:{port}/", timeout=5)
    except httpx.TransportError:
        return False
    return True


def _make_container(endpoint: str) -> None:
    """By a request signed with the account's key, as Azure wants it."""
    date, version = formatdate(usegmt=True), "2021-08-06"
    headers = {"x-ms-date": date, "x-ms-version": version}
    canonical = f"x-ms-date:{date}\nx-ms-version:{version}\n"
    resource = f"/{AZURE_ACCOUNT}/{AZURE_ACCOUNT}/{BUCKET}\nrestype:container"
    signed = hmac.new(
        base64.b64decode(AZURE_KEY), f"PUT{chr(10) * 12}{canonical}{resource}".encode(), hashlib.sha256
    )
    headers["Authorization"] = f"SharedKey {AZURE_ACCOUNT}:{base64.b64encode(signed.digest()).decode()}"
    answer = httpx.put(f"{endpoint}/{BUCKET}?restype=container", headers=headers, timeout=30)
    assert answer.status_code == httpx.codes.CREATED, answer.text


def _node_version(package: str) -> str:
    return str(json.loads((NODE / package / "package.json").read_text())["version"])


def _python_version(package: str) -> str:
    asked = f"from importlib.metadata import version; print(version('{package}'))"
    python = TOOLS / "bin" / "python"
    if not python.exists():
        raise NotReachable(f"{package} isn't installed")
    return subprocess.run([python, "-c", asked], capture_output=True, text=True, check=True).stdout.strip()
