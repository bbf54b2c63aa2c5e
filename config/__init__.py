"""Configuration: one TOML file (and its includes) -> one frozen `Config`.

`load(path)` reads, merges includes, validates, and raises `ConfigError` with every problem at once; each names the
file, the key path, what was expected and, for an unknown key, the nearest known one. Secrets stay references
(`env:NAME`, `file:PATH`) until `Secret.reveal()` is called by the one component that needs them.
"""

from config.loading import load
from config.models import (
    Alerting,
    Brand,
    Config,
    Crawler,
    Egress,
    EmailReceiver,
    Ownership,
    Receiver,
    Route,
    SlackReceiver,
    Storage,
    WebhookReceiver,
)
from config.problems import ConfigError, Problem
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
