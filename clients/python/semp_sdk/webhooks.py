"""Webhooks: having events posted to a URL."""

from __future__ import annotations

from typing import List, Optional, Sequence, cast

from .caller import Caller, given
from .twin import twin
from .wire import CreatedWebhook, Delivery, RotatedSecret, Webhook, WebhookTest


class Webhooks(Caller):
    """The part of the client that manages webhooks."""

    def create_webhook(
        self,
        *,
        url: str,
        events: Optional[Sequence[str]] = None,
        scopes: Optional[Sequence[str]] = None,
        active: Optional[bool] = None,
        secret: Optional[str] = None,
        idempotency_key: Optional[str] = None,
    ) -> CreatedWebhook:
        """Has every event from now on posted to a URL, in order, at least once, signed (Standard Webhooks).

        Args:
            url: http or https; addresses that are not public are refused
            events: only these types; all by default
            scopes: only these, as patterns: `ui.*` is everything below ui; all by default
            active: False: it keeps its place and delivers once it is active
            secret: `whsec_…`; a random one by default
            idempotency_key: made again under the same key it is the same webhook; a fresh key by default

        Returns:
            the webhook with its `secret`, which is not shown again

        Raises:
            SEMPError: 400 when the URL may not be called, 409 when there are too many
        """
        body = given(url=url, events=_list(events), scopes=_list(scopes), active=active, secret=secret)
        return cast(CreatedWebhook, self._send("POST", "webhooks", body=body, idempotency_key=idempotency_key))

    create_webhook_async = twin(create_webhook)

    def get_webhooks(self, *, limit: Optional[int] = None, after: Optional[str] = None) -> List[Webhook]:
        """Lists the webhooks, the newest first.

        Args:
            limit: at most this many
            after: only those with a greater id: the last one of the page before
        """
        return cast(List[Webhook], self._get("webhooks", query={"limit": limit, "after": after}))

    get_webhooks_async = twin(get_webhooks)

    def get_webhook(self, webhook_id: str) -> Webhook:
        """Reads a webhook and how it is doing. Raises SEMPError: 404 when there is none."""
        return cast(Webhook, self._get("webhooks", webhook_id))

    get_webhook_async = twin(get_webhook)

    def update_webhook(
        self,
        webhook_id: str,
        *,
        url: Optional[str] = None,
        events: Optional[Sequence[str]] = None,
        scopes: Optional[Sequence[str]] = None,
        active: Optional[bool] = None,
        skip_missed: Optional[bool] = None,
    ) -> Webhook:
        """Changes a webhook; what is not given stays.

        Args:
            active: False stops the deliveries; True lets them go on from where they stopped
            skip_missed: leave out what has not been delivered up to now

        Raises:
            SEMPError: 404 when there is none
        """
        body = given(url=url, events=_list(events), scopes=_list(scopes), active=active, skip_missed=skip_missed)
        return cast(Webhook, self._send("PATCH", "webhooks", webhook_id, body=body))

    update_webhook_async = twin(update_webhook)

    def delete_webhook(self, webhook_id: str) -> None:
        """Deletes a webhook; an attempt under way may still arrive. Raises SEMPError: 404 when there is none."""
        self._send("DELETE", "webhooks", webhook_id)

    delete_webhook_async = twin(delete_webhook)

    def rotate_webhook(
        self, webhook_id: str, *, grace_seconds: Optional[float] = None, secret: Optional[str] = None
    ) -> RotatedSecret:
        """Gives a webhook another secret.

        Args:
            grace_seconds: how long deliveries are signed with the previous one too; a day by default
            secret: `whsec_…`; a random one by default

        Returns:
            the new `secret`, which is not shown again

        Raises:
            SEMPError: 404 when there is none
        """
        body = given(grace_seconds=grace_seconds, secret=secret)
        return cast(RotatedSecret, self._send("POST", "webhooks", webhook_id, "rotate", body=body))

    rotate_webhook_async = twin(rotate_webhook)

    def test_webhook(self, webhook_id: str) -> WebhookTest:
        """Sends a webhook an event made up for this, once, and tells what came of it. Raises SEMPError: 404."""
        return cast(WebhookTest, self._send("POST", "webhooks", webhook_id, "test"))

    test_webhook_async = twin(test_webhook)

    def get_webhook_deliveries(self, webhook_id: str, *, limit: Optional[int] = None) -> List[Delivery]:
        """Lists the last attempts to deliver, newest first. Raises SEMPError: 404 when there is no such webhook."""
        return cast(List[Delivery], self._get("webhooks", webhook_id, "deliveries", query={"limit": limit}))

    get_webhook_deliveries_async = twin(get_webhook_deliveries)


def _list(values: Optional[Sequence[str]]) -> Optional[List[str]]:
    if isinstance(values, str):
        raise TypeError("a list of texts is wanted, not one text")
    return None if values is None else list(values)
