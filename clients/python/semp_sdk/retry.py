"""When a failed request is sent again, and how long to wait first."""

from __future__ import annotations

import random
import ssl
from dataclasses import dataclass
from typing import Callable, Optional

from .errors import SEMPConnectionError, SEMPError

#: Too many requests, and what a server or the gateway before it says while it is busy or starting.
RETRY_STATUSES = frozenset((429, 502, 503, 504))
#: 503, but for somebody to repair: another try cannot help.
LASTING_CODES = frozenset(("QUARANTINED", "CORRUPTED"))
#: 409: an earlier try under the same idempotency key is still being answered.
IN_FLIGHT = "IDEMPOTENCY_IN_FLIGHT"


@dataclass(frozen=True)
class RetryPolicy:
    """Exponential backoff with full jitter, which keeps many clients from coming back at the same moment.

    Attributes:
        retries: how many times a request is sent again; 0: never
        first: upper bound of the first wait (s); doubles with every try
        longest: upper bound of any wait (s); a Retry-After beyond it is not waited for
    """

    retries: int = 4
    first: float = 0.25
    longest: float = 30.0
    random: Callable[[], float] = random.random

    def wait(self, tries: int, error: SEMPError) -> Optional[float]:
        """Seconds to wait after the given number of failed tries, or None to give up.

        The server's Retry-After is the least; up to a quarter is added, as it told the same to others.
        """
        if tries > self.retries or not is_passing(error):
            return None
        if error.retry_after is not None:
            return None if error.retry_after > self.longest else error.retry_after * (1 + self.random() / 4)
        return min(self.longest, self.first * 2.0 ** (tries - 1)) * self.random()


def is_passing(error: SEMPError) -> bool:
    """Whether the same request may succeed later. Each is safe to send again: changes carry an idempotency key."""
    if isinstance(error, SEMPConnectionError):
        return not isinstance(error.__cause__, ssl.SSLCertVerificationError)
    if error.status == 409:
        return error.code == IN_FLIGHT
    return error.status in RETRY_STATUSES and error.code not in LASTING_CODES
