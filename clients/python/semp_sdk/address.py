"""From the base URL to the addresses of requests and of the stream."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping, Optional, Sequence, Union
from urllib.parse import SplitResult, quote, urlencode, urlsplit

QueryValue = Union[None, bool, int, float, str, Sequence[str]]


@dataclass(frozen=True)
class Address:
    """Where a server is: scheme (http or https), `host[:port]`, and the path before `/api`, mostly empty."""

    secure: bool
    netloc: str
    host: str
    port: int
    prefix: str

    def stream(self) -> SplitResult:
        """The WebSocket's URL; it does not stand under /api."""
        return SplitResult("wss" if self.secure else "ws", self.netloc, f"{self.prefix}/ws", "", "")

    def target(self, *words: str, query: Optional[Mapping[str, QueryValue]] = None) -> str:
        """The request target of an API path, each word encoded by itself: a scope may contain slashes.

        Raises:
            ValueError: a word is empty, `.` or `..`, which a proxy would take out of the path
        """
        for word in words:
            if word in ("", ".", ".."):
                raise ValueError(f"{word!r} cannot stand in a URL")
        path = "/".join((f"{self.prefix}/api", *(quote(word, safe="") for word in words)))
        pairs = [pair for name, value in (query or {}).items() for pair in _pairs(name, value)]
        return f"{path}?{urlencode(pairs)}" if pairs else path

    def is_here(self, url: SplitResult) -> bool:
        """Whether a URL is of this very server (scheme, host and port)."""
        secure = url.scheme == "https"
        return (
            url.scheme in ("http", "https")
            and secure == self.secure
            and (url.hostname or "") == self.host
            and (url.port or _default_port(secure)) == self.port
        )


def address_of(base_url: str) -> Address:
    """Reads a base URL. A trailing `/api` is what some documents print and is taken off.

    Raises:
        ValueError: it is not an http or https URL, or has a query, a fragment or a user name
    """
    url = urlsplit(base_url.strip())
    if url.scheme not in ("http", "https") or not url.hostname:
        raise ValueError(f"base_url {base_url!r} must be an http or https URL, such as http://localhost:5000")
    if url.query or url.fragment or "@" in url.netloc:
        raise ValueError("base_url must not have a query, a fragment or a user name; a token goes into token=")
    secure = url.scheme == "https"
    prefix = url.path.rstrip("/")
    if prefix.endswith("/api"):
        prefix = prefix[: -len("/api")]
    return Address(secure, url.netloc, url.hostname, url.port or _default_port(secure), prefix)


def _default_port(secure: bool) -> int:
    return 443 if secure else 80


def _pairs(name: str, value: QueryValue) -> Sequence[tuple[str, str]]:
    if value is None:
        return ()
    if isinstance(value, bool):
        return ((name, "true" if value else "false"),)
    if isinstance(value, (int, float, str)):
        return ((name, str(value)),)
    return tuple((name, item) for item in value)
