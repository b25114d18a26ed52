"""`SEMPClient`: what a program holds."""

from __future__ import annotations

import ssl
from types import TracebackType
from typing import Optional, Type, TypeVar

from .address import address_of
from .events import Events
from .live import Live
from .retry import RetryPolicy
from .signals import Signals
from .transport import Transport
from .webhooks import Webhooks

C = TypeVar("C", bound="SEMPClient")


class SEMPClient(Events, Signals, Webhooks, Live):
    """A client of one server: events, signals, webhooks, and the live stream.

    Every method blocks until the answer is there and may be called from any thread; each has a twin for asyncio whose
    name ends in `_async`. What does not succeed raises SEMPError.

    Example::

        client = SEMPClient('http://localhost:5000')
        event = client.create_event(type='proposal', scope='ui.login', trace_id='trace-001',
                                    agent_id='my-agent', payload={'action': 'improve_ux'})
        print(event['id'])
    """

    def __init__(
        self,
        base_url: str = "http://localhost:5000",
        *,
        token: Optional[str] = None,
        timeout: float = 30.0,
        retries: int = 4,
        ssl_context: Optional[ssl.SSLContext] = None,
    ) -> None:
        """Opens nothing yet.

        Args:
            base_url: without `/api`
            token: a JWT or API key, sent as `Authorization: Bearer`
            timeout: for connecting and for each wait for the server (s)
            retries: how many times a failed request is sent again if that may help; 0: never
            ssl_context: for https and wss; by default certificates are checked against the system's authorities

        Raises:
            ValueError: base_url is not a URL, the token cannot be a header, or a number is out of range
        """
        if not timeout > 0 or retries < 0:
            raise ValueError(f"timeout must be above 0 and retries at least 0, not {timeout!r} and {retries!r}")
        if token is not None and not (token.isascii() and token.isprintable() and token and " " not in token):
            raise ValueError("token must be visible ASCII characters")
        address = address_of(base_url)
        if address.secure and ssl_context is None:
            ssl_context = ssl.create_default_context()
        policy = RetryPolicy(retries)
        transport = Transport(address, token=token, timeout=timeout, policy=policy, ssl_context=ssl_context)
        super().__init__(address, transport, timeout, ssl_context)

    def __enter__(self: C) -> C:
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    async def __aenter__(self: C) -> C:
        return self

    async def __aexit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        await self.close_async()
