"""Configuration: one TOML file (and its includes) -> one frozen `Config`.

`load(path)` reads, merges includes, validates, and raises `ConfigError` with every problem at once; each names the
file, the key path, what was expected and, for an unknown key, the nearest known one. Secrets stay references
(`env:NAME`, `file:PATH`) until `Secret.reveal()` is called by the one component that needs them.
"""

from config.loading import load
from config.models import Brand, Config, Crawler, Egress, Ownership, Storage
from config.problems import ConfigError, Problem
from config.receivers import EmailReceiver, Receiver, SlackReceiver, WebhookReceiver
from config.routes import Alerting, Route
from config.sources import FeedSource, ImportSource, JsonSource, Source, WebSource

__all__ = [
    "Alerting",
    "Brand",
    "Config",
    "ConfigError",
    "Crawler",
    "Egress",
    "EmailReceiver",
    "FeedSource",
    "ImportSource",
    "JsonSource",
    "Ownership",
    "Problem",
    "Receiver",
    "Route",
    "SlackReceiver",
    "Source",
    "Storage",
    "WebSource",
    "WebhookReceiver",
    "load",
]
