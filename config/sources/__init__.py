"""Every kind of source, one model each: ours, and those of installed packages.

A package adds a kind through the entry-point group `mekiki.sources`: each entry names a `SourceBase` with its own
`kind` and `spider` (docs/sources.md). One that cannot be loaded is told by `load`, and takes no other along.
"""

from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from config.sources.ad_libraries import LinkedInSource, MetaSource, MicrosoftSource, TikTokSource
from config.sources.base import SourceBase
from config.sources.ct import CtSource
from config.sources.domains import PermutationsSource, RdapSource, UrlhausSource, UrlscanSource
from config.sources.exports import GoogleAdsSource, GoogleExportSource, SnapSource
from config.sources.json_api import JsonSource
from config.sources.pages import FeedSource, ImportSource, WebSource
from config.sources.search import SearchSource
from config.sources.social import BlueskySource, MastodonSource, XSource, YouTubeSource
from config.sources.visits import VisitsSource

GROUP = "mekiki.sources"
OURS: tuple[type[SourceBase], ...] = (
    WebSource,
    FeedSource,
    ImportSource,
    JsonSource,
    MetaSource,
    TikTokSource,
    LinkedInSource,
    MicrosoftSource,
    SearchSource,
    CtSource,
    YouTubeSource,
    BlueskySource,
    MastodonSource,
    XSource,
    UrlscanSource,
    UrlhausSource,
    PermutationsSource,
    RdapSource,
    GoogleAdsSource,
    SnapSource,
    GoogleExportSource,
    VisitsSource,
)


def _plugged() -> tuple[list[type[SourceBase]], list[str]]:
    """Return the models of installed packages, and what is wrong with those that cannot be used."""
    models: list[type[SourceBase]] = []
    problems = []
    for entry in entry_points(group=GROUP):
        try:
            model = entry.load()
        except Exception as error:  # noqa: BLE001  edge to code that is not ours
            problems.append(f"the source kind {entry.name!r} cannot be loaded: {type(error).__name__}: {error}")
            continue
        if not (isinstance(model, type) and issubclass(model, SourceBase) and model.spider):
            problems.append(f"the source kind {entry.name!r} is no SourceBase with a `spider`")
        elif model.kinds() & {kind for known in (*OURS, *models) for kind in known.kinds()}:
            problems.append(f"the source kind {entry.name!r} exists already")
        else:
            models.append(model)
    return models, problems


PLUGGED, PLUGGED_PROBLEMS = _plugged()
KINDS = (*OURS, *PLUGGED)

if TYPE_CHECKING:
    Source = SourceBase
else:
    Source = Annotated[Union[KINDS], Field(discriminator="kind")]  # noqa: UP007  made at run time

__all__ = ["KINDS", "FeedSource", "ImportSource", "JsonSource", "Source", "SourceBase", "WebSource"]
