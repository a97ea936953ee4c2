"""Why the service couldn't be asked, or didn't answer as itself: the address, the cause, and what to do about it."""

import re
import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx2

HTTPS_TO_HTTP = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST")  # what OpenSSL calls an answer that isn't TLS
_USER = re.compile("//[^/]*@")
MOVED = (301, 302, 303, 307, 308)


def unreached(error: httpx2.RequestError) -> str:
    """`error`: raised instead of an answer, with the request that it belongs to."""
    address = address_of(error.request)
    return f"{address}{_by_proxy(error.request)} {_cause(error)}"


def address_of(request: httpx2.Request) -> str:
    """Scheme, host and port: what the user gave, and never a user's name or a password in it."""
    url = request.url
    host = f"[{url.host}]" if ":" in url.host else url.host
    return f"{url.scheme}://{host}{'' if url.port is None else f':{url.port}'}"


def not_the_service(reply: httpx2.Response) -> str:
    """Of an answer in another shape than the service's own."""
    address, status = address_of(reply.request), reply.status_code
    by = _by_proxy(reply.request)
    if status in MOVED:
        target = _without_secrets(reply.headers.get("location", "elsewhere"))
        return f"{address}{by} sends on to {target} ({status}): give that server's address"
    if status == 407:
        return f"the proxy before {address}{by} wants a password (407): put it into HTTPS_PROXY or HTTP_PROXY"
    if status in (502, 503, 504):
        return (
            f"{address}{by} answers {status} ({reply.reason_phrase}), and not by the service itself: a proxy is there, "
            "and the service behind it isn't; try again later"
        )
    if status == 429:
        return f"{address}{by} lets no more through for now (429), and not by the service itself: a proxy is there"
    return f"something else than Smelt answers at {address}{by} ({status}): give the service's address"


def is_page(reply: httpx2.Response) -> bool:
    """Pages are for browsers: the service itself answers none of its calls by one."""
    return str(reply.headers.get("content-type", "")).startswith("text/html")


def _without_secrets(url: str) -> str:
    """No user's name, no password, and no query, which may hold a ticket."""
    return _USER.sub("//", url).partition("?")[0]


def _cause(error: httpx2.RequestError) -> str:
    match next((found for found in _chain(error) if isinstance(found, OSError) and found.errno), None):
        case socket.gaierror(strerror=reason):
            return f"can't be reached: its name isn't known (DNS: {reason}); check the server's address"
        case ssl.SSLError() as found:
            return _tls(found)
        case ConnectionRefusedError():
            return "can't be reached: the connection is refused, so nothing listens there; is `smelt up` running?"
        case ConnectionResetError() | BrokenPipeError():
            return "hung up in the middle; try again"
        case OSError(strerror=str(reason)) if not isinstance(error, httpx2.TimeoutException):
            return f"can't be reached: {reason}"
    return _kind(error)


def _tls(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"can't be trusted: its certificate is not valid here ({error.verify_message}); "
            "SSL_CERT_FILE names a file with an authority of your own"
        )
    if any(word in str(error) for word in HTTPS_TO_HTTP):
        return "can't be reached: it speaks no TLS; give its address with http://"
    return f"can't be reached: TLS fails ({error.reason or error})"


def _kind(error: httpx2.RequestError) -> str:
    match error:
        case httpx2.ConnectTimeout():
            return "can't be reached: it doesn't take the connection up; a firewall may hold it back"
        case httpx2.TimeoutException():
            return "doesn't answer in time; try again later"
        case httpx2.ProxyError():
            return f"can't be reached: the proxy says no ({error})"
        case httpx2.RemoteProtocolError():
            return f"hung up, or speaks no HTTP ({error})"
    return f"can't be reached: {error or type(error).__name__}"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """It, and what it came from; of several that were tried side by side, as event loops do, the first."""
    found: BaseException | None = error
    while found is not None:
        yield found
        if isinstance(found, BaseExceptionGroup):
            found = found.exceptions[0]
            continue
        found = found.__cause__ or found.__context__


def _by_proxy(request: httpx2.Request) -> str:
    """Through which proxy of the environment's it goes; no user of it, nor password."""
    proxies = getproxies()
    proxy = proxies.get(request.url.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(request.url.host):
        return ""
    parts = urlsplit(proxy if "://" in proxy else f"//{proxy}")
    return f" (by the proxy {parts.hostname}{'' if parts.port is None else f':{parts.port}'})"
