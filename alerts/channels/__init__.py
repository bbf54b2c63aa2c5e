"""The channels: one file for each service, one class for each, opened here from a configured receiver."""

from alerts.channels.apprise import AppriseChannel
from alerts.channels.chatwork import ChatworkChannel
from alerts.channels.discord import DiscordChannel
from alerts.channels.email import EmailChannel
from alerts.channels.google_chat import GoogleChatChannel
from alerts.channels.line_works import LineWorksChannel
from alerts.channels.pagerduty import PagerDutyChannel
from alerts.channels.slack import SlackChannel
from alerts.channels.teams import TeamsChannel
from alerts.channels.webhook import WebhookChannel
from alerts.delivery import Channel
from alerts.gate import Gate
from alerts.templating import Templates
from alerts.texts import SHIPPED
from config.receivers import (
    AnyReceiver,
    AppriseReceiver,
    ChatworkReceiver,
    DiscordReceiver,
    EmailReceiver,
    GoogleChatReceiver,
    LineWorksReceiver,
    PagerDutyReceiver,
    SlackReceiver,
    TeamsReceiver,
    WebhookReceiver,
)
from storage.media import MediaStore


def open_channel(receiver: AnyReceiver, *, gate: Gate, media: MediaStore, templates: Templates = SHIPPED) -> Channel:
    """Return the channel that sends to a receiver."""
    match receiver:
        case WebhookReceiver():
            return WebhookChannel(receiver, gate)
        case SlackReceiver():
            return SlackChannel(receiver, gate, templates)
        case TeamsReceiver():
            return TeamsChannel(receiver, gate, media.read, templates)
        case DiscordReceiver():
            return DiscordChannel(receiver, gate, media.read, templates)
        case GoogleChatReceiver():
            return GoogleChatChannel(receiver, gate, templates)
        case LineWorksReceiver():
            return LineWorksChannel(receiver, gate, templates)
        case ChatworkReceiver():
            return ChatworkChannel(receiver, gate, templates)
        case PagerDutyReceiver():
            return PagerDutyChannel(receiver, gate, templates)
        case AppriseReceiver():
            return AppriseChannel(receiver, gate, templates)
        case EmailReceiver():
            return EmailChannel(
                receiver, media, hosts=gate.rule.hosts, timeout=gate.timeout, trust=gate.trust, templates=templates
            )
