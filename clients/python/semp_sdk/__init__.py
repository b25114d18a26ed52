"""A client for the SEL/SEMP interface of Synod: events, decaying signals, webhooks and a live stream.

    from semp_sdk import SEMPClient

    client = SEMPClient('http://localhost:5000')

Needs nothing but the standard library, and Python 3.9 or newer.
"""

from .client import SEMPClient
from .errors import SEMPConnectionError, SEMPError
from .version import VERSION as __version__
from .wire import (
    BatchResult,
    CreatedWebhook,
    Delivery,
    Event,
    EventDraft,
    EventType,
    RotatedSecret,
    Signal,
    SignalChange,
    Webhook,
    WebhookTest,
)

__all__ = [
    "BatchResult",
    "CreatedWebhook",
    "Delivery",
    "Event",
    "EventDraft",
    "EventType",
    "RotatedSecret",
    "SEMPClient",
    "SEMPConnectionError",
    "SEMPError",
    "Signal",
    "SignalChange",
    "Webhook",
    "WebhookTest",
    "__version__",
]
