"""What can go wrong, as two exceptions: an answer that is a refusal, and no answer at all."""

from __future__ import annotations

import json
import time
from email.utils import parsedate_to_datetime
from typing import Mapping, Optional, Tuple


class SEMPError(Exception):
    """A refusal, in the server's own words.

    Attributes:
        status: the HTTP status; 0 when there was no answer (see SEMPConnectionError)
        message: what the server said, such as ``Validation error: Invalid event type``
        code: the server's machine-readable code (``NOT_FOUND``, ``RATE_LIMITED``...) or None
        request_id: what the server's log calls the request, or None
        retry_after: seconds to wait before another try, as the server asked, or None
    """

    def __init__(
        self,
        status: int,
        message: str,
        code: Optional[str] = None,
        request_id: Optional[str] = None,
        *,
        retry_after: Optional[float] = None,
    ) -> None:
        super().__init__(status, message, code, request_id)
        self.status = status
        self.message = message
        self.code = code
        self.request_id = request_id
        self.retry_after = retry_after

    def __str__(self) -> str:
        words = [f"{self.status} {self.message}" if self.status else self.message]
        if self.code is not None:
            words.append(f"({self.code})")
        if self.request_id is not None:
            words.append(f"[request {self.request_id}]")
        return " ".join(words)


class SEMPConnectionError(SEMPError):
    """No answer: the server could not be reached, went away, or took too long.

    Whether a change took effect is unknown. Sent again under the same idempotency key it takes effect once.
    """

    def __init__(self, message: str) -> None:
        super().__init__(0, message)


def error_of(status: int, reason: str, headers: Mapping[str, str], body: bytes) -> SEMPError:
    """Makes the exception of an answer that is not a success.

    Args:
        reason: the status line's text, for answers without a readable body
        headers: with names in lower case
    """
    message, code, request_id = _facts(body)
    return SEMPError(
        status,
        message or reason or f"HTTP status {status}",
        code,
        request_id or headers.get("x-request-id"),
        retry_after=seconds_of(headers.get("retry-after")),
    )


def seconds_of(retry_after: Optional[str]) -> Optional[float]:
    """Reads a Retry-After: seconds, or a date (RFC 9110, section 10.2.3)."""
    if retry_after is None:
        return None
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (TypeError, ValueError):
        return None


def _facts(body: bytes) -> Tuple[Optional[str], Optional[str], Optional[str]]:
    """Message, code and request id of an error body; `title` and `detail` are problem details (RFC 9457)."""
    try:
        parsed = json.loads(body)
    except ValueError:
        return None, None, None
    if not isinstance(parsed, dict):
        return None, None, None

    def text(*names: str) -> Optional[str]:
        return next((parsed[name] for name in names if isinstance(parsed.get(name), str)), None)

    return text("message", "detail", "title"), text("code"), text("request_id")
