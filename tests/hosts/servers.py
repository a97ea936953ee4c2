"""Other people's servers, each on a host of its own."""

import subprocess
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

import httpx
import redis

from tests.backends.backend import TOOLS, program
from tests.backends.postgres import DEBIAN_15, make_cluster, serving
from tests.hosts.network import NETWORK, Host
from tests.support.waiting import wait_until

REDIS_PASSWORD = "of-redis"
ANY = "0.0.0.0"  # noqa: S104 - in a namespace of its own
START_SECONDS = 240.0
# What Postgres has acknowledged is in the kernel's hands: its processes die here, the machine doesn't.
POSTGRES = {"listen_addresses": "*", "max_connections": "300", "synchronous_commit": "on"}
NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder};
    proxy_temp_path {folder};
    fastcgi_temp_path {folder};
    uwsgi_temp_path {folder};
    scgi_temp_path {folder};
{site}
}}
"""


def start_servers(hosts: Mapping[str, Host], folder: Path, stack: ExitStack) -> dict[str, Callable[[], None]]:
    """What starts each again that may be killed."""
    places = {name: folder / name for name in ("db", "redis", "store")}
    for place in places.values():
        place.mkdir()
    make_cluster(places["db"], DEBIAN_15, network=NETWORK)

    postgres = stack.enter_context(ExitStack())

    def start_postgres() -> None:
        postgres.close()  # a process that was killed counts as running until it has been waited for
        url = f"postgresql://postgres@{hosts['db'].address}/postgres"
        with hosts["db"].here():
            postgres.enter_context(serving(places["db"], DEBIAN_15, POSTGRES, url))

    def start_redis() -> None:
        server = (program("redis-server"), "--requirepass", REDIS_PASSWORD, "--save", "", "--bind", ANY)
        _keep(stack, hosts["redis"], places["redis"], *server)
        with redis.Redis(hosts["redis"].address, password=REDIS_PASSWORD) as client:
            wait_until(lambda: _pings(client))

    servers = {"db": start_postgres, "redis": start_redis}
    for start in servers.values():
        start()
    store = (program("moto_server", TOOLS / "bin"), "-H", ANY, "-p", "9000")
    _keep(stack, hosts["store"], places["store"], *store)
    wait_until(lambda: _made(f"http://{hosts['store'].address}:9000/smelt"), START_SECONDS)
    return servers


def start_proxy(host: Host, folder: Path, site: str, stack: ExitStack) -> None:
    """`site`: what of its settings is about Smelt."""
    place = folder / "proxy"
    place.mkdir()
    settings = place / "nginx.conf"
    settings.write_text(NGINX.format(folder=place, site=site))
    _keep(stack, host, place, program("nginx", TOOLS / "debian" / "usr" / "sbin"), "-c", str(settings))


def _keep(stack: ExitStack, host: Host, place: Path, *command: str) -> None:
    with (place / "server.log").open("ab") as log:
        process = subprocess.Popen(host.command(*command), stdout=log, stderr=log, cwd=place)
    stack.callback(process.wait)
    stack.callback(process.terminate)


def _made(bucket: str) -> bool:
    try:
        return httpx.put(bucket, timeout=10).is_success
    except httpx.TransportError:
        return False


def _pings(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False
