"""What every part of the client stands on: a server's address, and requests to it."""

from __future__ import annotations

from typing import Any, Mapping, Optional

from .address import Address, QueryValue
from .transport import Transport

Query = Mapping[str, QueryValue]
#: What a request's JSON body may hold; the server's own checks say more.
Body = Mapping[str, Any]


class Caller:
    """Sends JSON to paths below `/api`."""

    def __init__(self, address: Address, transport: Transport) -> None:
        self._address = address
        self._transport = transport

    def _get(self, *words: str, query: Optional[Query] = None) -> Any:
        return self._transport.request("GET", self._address.target(*words, query=query)).json()

    def _send(
        self, method: str, *words: str, body: Optional[Body] = None, idempotency_key: Optional[str] = None
    ) -> Any:
        target = self._address.target(*words)
        return self._transport.request(method, target, body, idempotency_key=idempotency_key).json()


def given(**fields: Any) -> Body:
    """The fields that are not None, which stands for: not said."""
    return {name: value for name, value in fields.items() if value is not None}
