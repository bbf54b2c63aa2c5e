"""Receivers: where alerts go, one model for each channel.

Default rates are what services document (Slack, Google Chat, Discord, LINE WORKS), cautious where they do not say.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from config.fields import Key, Name, WebUrl
from config.model import Model
from config.rates import RateText
from safety.secret import Secret

Digits = Annotated[str, Field(pattern=r"^\d{1,20}$")]
PathPart = Annotated[str, Field(pattern=r"^[A-Za-z0-9._@+-]{1,200}$")]  # stands in the path of an address


class WebhookReceiver(Model):
    """A signed generic webhook (Standard Webhooks)."""

    key: Key
    channel: Literal["webhook"]
    url: Secret
    signing: tuple[Secret, ...] = Field(min_length=1)  # newest first; older ones during rotation
    rate: RateText | None = None  # the most messages sent, e.g. "30/m"; none: as they come


class SlackReceiver(Model):
    """A Slack incoming webhook."""

    key: Key
    channel: Literal["slack"]
    url: Secret
    rate: RateText | None = Field(default="1/s", validate_default=True)


class TeamsReceiver(Model):
    """A Microsoft Teams workflow that posts to a channel when a webhook request is received."""

    key: Key
    channel: Literal["teams"]
    url: Secret
    rate: RateText | None = Field(default="1/s", validate_default=True)


class DiscordReceiver(Model):
    """A Discord webhook."""

    key: Key
    channel: Literal["discord"]
    url: Secret
    rate: RateText | None = Field(default="30/m", validate_default=True)


class GoogleChatReceiver(Model):
    """A Google Chat webhook of a space; the messages about one case stand in one thread."""

    key: Key
    channel: Literal["google_chat"]
    url: Secret
    rate: RateText | None = Field(default="1/s", validate_default=True)


class LineWorksReceiver(Model):
    """A LINE WORKS bot, signed in as a service account (JWT); `to_channel` or `to_user` says where it writes."""

    key: Key
    channel: Literal["line_works"]
    bot: Digits  # Bot ID
    client_id: PathPart
    client_secret: Secret
    service_account: PathPart  # ends in .serviceaccount@DOMAIN
    private_key: Secret  # PEM, as the Developer Console gives it out
    to_channel: PathPart | None = None  # channel ID of a talk room that the bot was invited to
    to_user: PathPart | None = None  # user ID or login
    api: WebUrl = "https://www.worksapis.com/v1.0"
    auth: WebUrl = "https://auth.worksmobile.com/oauth2/v2.0/token"
    rate: RateText | None = Field(default="60/m", validate_default=True)

    @model_validator(mode="after")
    def _writes_to_one_place(self) -> Self:
        if (self.to_channel is None) == (self.to_user is None):
            raise ValueError("expected either to_channel or to_user")
        return self


class ChatworkReceiver(Model):
    """A Chatwork room."""

    key: Key
    channel: Literal["chatwork"]
    room: Digits  # what stands behind #!rid in the address of the room
    token: Secret
    unread: bool = True  # the message counts as unread for the token's own account too
    url: WebUrl = "https://api.chatwork.com/v2"
    rate: RateText | None = Field(default="1/s", validate_default=True)


class PagerDutyReceiver(Model):
    """A PagerDuty service, through its Events API v2: one incident for each case."""

    key: Key
    channel: Literal["pagerduty"]
    routing_key: Secret  # integration key
    url: WebUrl = "https://events.pagerduty.com/v2/enqueue"  # events.eu.pagerduty.com in the EU region
    rate: RateText | None = Field(default="60/m", validate_default=True)


class AppriseReceiver(Model):
    """Any other service that Apprise knows; needs mekiki[apprise]."""

    key: Key
    channel: Literal["apprise"]
    url: Secret  # Apprise's address of one service, e.g. tgram://TOKEN/CHAT; it holds the credentials
    rate: RateText | None = Field(default="30/m", validate_default=True)


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
    rate: RateText | None = None  # the most messages sent, e.g. "30/m"; none: as they come


AnyReceiver = (
    WebhookReceiver
    | SlackReceiver
    | TeamsReceiver
    | DiscordReceiver
    | GoogleChatReceiver
    | LineWorksReceiver
    | ChatworkReceiver
    | PagerDutyReceiver
    | AppriseReceiver
    | EmailReceiver
)
Receiver = Annotated[AnyReceiver, Field(discriminator="channel")]
