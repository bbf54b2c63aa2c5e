"""The channels: one file for each service, one class for each, opened here from a configured receiver."""

from alerts.channels.email import EmailChannel
from alerts.channels.slack import SlackChannel
from alerts.channels.webhook import WebhookChannel
from alerts.delivery import Channel
from alerts.gate import Gate
from config import EmailReceiver, SlackReceiver, WebhookReceiver
from storage.media import MediaStore


def open_channel(
    receiver: WebhookReceiver | SlackReceiver | EmailReceiver, *, gate: Gate, media: MediaStore
) -> Channel:
    """Return the channel that sends to a receiver."""
    match receiver:
        case WebhookReceiver():
            return WebhookChannel(receiver, gate)
        case SlackReceiver():
            return SlackChannel(receiver, gate)
        case EmailReceiver():
            return EmailChannel(receiver, media, hosts=gate.rule.hosts, timeout=gate.timeout, trust=gate.trust)
