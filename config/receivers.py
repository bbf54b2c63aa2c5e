"""Receivers: where alerts go, one model for each channel."""

from typing import Annotated, Literal

from pydantic import Field

from config.fields import Key, Name
from config.model import Model
from safety.secret import Secret


class WebhookReceiver(Model):
    """A signed generic webhook (Standard Webhooks)."""

    key: Key
    channel: Literal["webhook"]
    url: Secret
    signing: tuple[Secret, ...] = Field(min_length=1)  # newest first; older ones during rotation


class SlackReceiver(Model):
    """A Slack incoming webhook."""

    key: Key
    channel: Literal["slack"]
    url: Secret


class EmailReceiver(Model):
    """Mail through a relay."""

    key: Key
    channel: Literal["email"]
    to: tuple[Name, ...] = Field(min_length=1)
    sender: Name
    host: Name
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    password: Secret | None = None


Receiver = Annotated[WebhookReceiver | SlackReceiver | EmailReceiver, Field(discriminator="channel")]
