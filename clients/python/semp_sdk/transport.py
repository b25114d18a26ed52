"""Requests over HTTP: kept connections, retries, idempotency keys, redirects on the same server only.

1. Every change carries an `Idempotency-Key`, the same one over all its tries, so it takes effect once.
2. The token goes to the server it was given for and nowhere else.
3. Safe for many threads: a connection belongs to one request at a time.
"""

from __future__ import annotations

import http.client
import json
import os
import select
import ssl
import threading
import time
import uuid
from typing import Any, Callable, Dict, List, Mapping, Optional
from urllib.parse import urljoin, urlsplit

from .address import Address
from .errors import SEMPConnectionError, SEMPError, error_of
from .retry import RetryPolicy
from .version import VERSION

#: Kept open between requests; more may be open while requests are under way.
MAX_IDLE = 16
#: Below the 5 s after which Node.js closes a silent connection (s).
MAX_IDLE_SECONDS = 4.0
MAX_REDIRECTS = 3
#: 303 asks for a GET instead; of a change that would hide whether it took effect.
REDIRECTS = frozenset((301, 302, 307, 308))


class Transport:
    """Sends requests to one server.

    Args:
        timeout: for connecting and for each wait on the socket (s)
        sleep: waits between two tries (s)
    """

    def __init__(
        self,
        address: Address,
        *,
        token: Optional[str],
        timeout: float,
        policy: RetryPolicy,
        ssl_context: Optional[ssl.SSLContext],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._address = address
        self._timeout = timeout
        self._policy = policy
        self._ssl_context = ssl_context
        self._sleep = sleep
        self._lock = threading.Lock()
        self._idle: List[_Idle] = []
        self._process = os.getpid()
        self.headers: Dict[str, str] = {"User-Agent": f"semp-sdk-python/{VERSION}"}
        if token is not None:
            self.headers["Authorization"] = f"Bearer {token}"

    def request(
        self,
        method: str,
        target: str,
        body: Optional[Mapping[str, Any]] = None,
        *,
        idempotency_key: Optional[str] = None,
        policy: Optional[RetryPolicy] = None,
    ) -> Answer:
        """Sends a request, again if that may help, and returns the answer to it.

        Args:
            target: path and query, encoded
            body: sent as JSON
            idempotency_key: of a change; a fresh one by default
            policy: in place of the client's own

        Raises:
            SEMPError: the server refused
            SEMPConnectionError: there was no answer
            TypeError, ValueError: the body cannot be written as JSON
        """
        headers = {**self.headers, "Accept": "application/json"}
        data = None
        if body is not None:
            # NaN and Infinity are no JSON, though Python would write them.
            text = json.dumps(body, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
            # Half of a surrogate pair is all that UTF-8 cannot say; its escape in Python is its escape in JSON.
            data = text.encode("utf-8", "backslashreplace")
            headers["Content-Type"] = "application/json"
        if method != "GET":
            headers["Idempotency-Key"] = idempotency_key or str(uuid.uuid4())
        tries = 0
        while True:
            try:
                return self._follow(method, target, data, headers)
            except SEMPError as error:
                tries += 1
                wait = (policy or self._policy).wait(tries, error)
                if wait is None:
                    raise
            self._sleep(wait)

    def close(self) -> None:
        """Closes the connections nobody uses. Requests may follow; they open new ones."""
        with self._lock:
            idle, self._idle = self._idle, []
        for kept in idle:
            kept.connection.close()

    def _follow(self, method: str, target: str, data: Optional[bytes], headers: Mapping[str, str]) -> Answer:
        for _ in range(MAX_REDIRECTS + 1):
            answer = self._exchange(method, target, data, headers)
            if 200 <= answer.status < 300:
                return answer
            if answer.status not in REDIRECTS:
                raise answer.error()
            target = self._redirected(target, answer)
        raise SEMPError(answer.status, f"more than {MAX_REDIRECTS} redirects")

    def _redirected(self, target: str, answer: Answer) -> str:
        url = urlsplit(urljoin(f"{self._origin()}{target}", answer.headers.get("location", "")))
        if not self._address.is_here(url):
            place = f"{url.scheme}://{url.netloc}"
            hint = "make it the base_url if it is the right one"
            raise SEMPError(answer.status, f"redirected to {place}, another server; {hint}")
        return url.path + (f"?{url.query}" if url.query else "")

    def _origin(self) -> str:
        return f"{'https' if self._address.secure else 'http'}://{self._address.netloc}"

    def _exchange(self, method: str, target: str, data: Optional[bytes], headers: Mapping[str, str]) -> Answer:
        """One request and its answer."""
        connection = self._take()
        try:
            connection.request(method, target, body=data, headers=dict(headers))
            response = connection.getresponse()
            answer = Answer(response, response.read())
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise SEMPConnectionError(f"{method} {self._origin()}{target}: {_describe(error)}") from error
        except BaseException:
            connection.close()
            raise
        if response.will_close:
            connection.close()
        else:
            self._keep(connection)
        return answer

    def _take(self) -> http.client.HTTPConnection:
        with self._lock:
            if self._process != os.getpid():
                # A fork: the parent speaks over these. Dropping them here closes only this process's copies.
                self._idle, self._process = [], os.getpid()
            while self._idle:
                kept = self._idle.pop()
                if kept.is_fresh():
                    return kept.connection
                kept.connection.close()
        host, port = self._address.host, self._address.port
        if not self._address.secure:
            return http.client.HTTPConnection(host, port, timeout=self._timeout)
        return http.client.HTTPSConnection(host, port, timeout=self._timeout, context=self._ssl_context)

    def _keep(self, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            if len(self._idle) < MAX_IDLE:
                self._idle.append(_Idle(connection))
                return
        connection.close()


class _Idle:
    """A connection between two requests."""

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        self.connection = connection
        self._since = time.monotonic()

    def is_fresh(self) -> bool:
        """Whether it may be used again. Something to read would be the server's goodbye."""
        sock = self.connection.sock
        if sock is None or time.monotonic() - self._since > MAX_IDLE_SECONDS:
            return False
        try:
            return not select.select([sock], [], [], 0)[0]
        except (OSError, ValueError):
            return False  # Closed, or a number beyond what select takes.


class Answer:
    """A whole answer; headers by lower-case name."""

    def __init__(self, response: http.client.HTTPResponse, body: bytes) -> None:
        self.status = response.status
        self.reason = response.reason
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = body

    def json(self) -> Any:
        """What it says; None when it is empty. Raises SEMPError when it is not JSON."""
        if not self.body:
            return None
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise SEMPError(self.status, "the answer is not JSON; is base_url right?") from error

    def error(self) -> SEMPError:
        return error_of(self.status, self.reason, self.headers, self.body)


def _describe(error: Exception) -> str:
    return str(error) or type(error).__name__
