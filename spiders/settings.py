"""Scrapy's settings for our crawls, from the configuration.

Off for good: file, ftp, s3 and data handlers, the telnet console, RemoteControl (it runs posted code), cookies (sources
must not share them), proxies from the environment (a proxy would dial behind the guard's back), meta refresh in the
reactor (the page parser reports it and the spider follows it), and JOBDIR (it loses pages on kill -9).
"""

from importlib.metadata import version
from typing import Any

from config import Config, Source
from spiders.resolver import EGRESS_ALLOW, EGRESS_HOSTS

REDIRECTS = 8  # a chain of at most nine requests
PICTURE_BYTES = 15 * 2**20
VIDEO_BYTES = 60 * 2**20  # as `detector.images.frames` reads


def user_agent(config: Config) -> str:
    """Return the User-Agent: product, version and whom to write to."""
    return f"{config.crawler.user_agent}/{version('mekiki')} (+{config.crawler.contact})"


def scrapy_settings(config: Config, source: Source | None = None) -> dict[str, Any]:
    """Return the settings of a crawl process, or of one source's crawler in it."""
    crawler = config.crawler
    delay = source.delay if source else 1.0
    return {
        **_CLOSED,
        **_COMPONENTS,
        EGRESS_ALLOW: list(config.egress.allow),
        EGRESS_HOSTS: dict(config.egress.hosts),
        "USER_AGENT": user_agent(config),
        "ROBOTSTXT_USER_AGENT": crawler.user_agent,
        "CONCURRENT_REQUESTS": crawler.concurrency,
        "CONCURRENT_REQUESTS_PER_DOMAIN": crawler.per_host,
        "DOWNLOAD_TIMEOUT": crawler.timeout,
        "DOWNLOAD_MAXSIZE": crawler.max_bytes,
        "DOWNLOAD_DELAY": delay,
        "AUTOTHROTTLE_START_DELAY": delay,
        "AUTOTHROTTLE_MAX_DELAY": max(60.0, delay),
        "AUTOTHROTTLE_TARGET_CONCURRENCY": float(crawler.per_host),
    }


_CLOSED: dict[str, Any] = {
    "TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor",
    "TWISTED_DNS_RESOLVER": "spiders.resolver.GuardedResolver",
    "REACTOR_THREADPOOL_MAXSIZE": 64,  # names are looked up there, and those of dead fraud take 10 s each
    "CONCURRENT_ITEMS": 8,  # parts of one answer; Scrapy starts as many tasks for every answer, and 100 cost 100 kB
    "SCRAPER_SLOT_MAX_ACTIVE_SIZE": 2_000_000,  # bytes of answers that wait to be read; more is not fetched meanwhile
    "DOWNLOADER": "spiders.downloader.PacedDownloader",
    "DOWNLOAD_HANDLERS": {
        "http": "spiders.handler.BoundedHandler",
        "https": "spiders.handler.BoundedHandler",
        "data": None,
        "file": None,
        "ftp": None,
        "s3": None,
    },
    "TELNETCONSOLE_ENABLED": False,
    "REMOTE_CONTROL_ENABLED": False,
    "MEMUSAGE_ENABLED": False,
    "COOKIES_ENABLED": False,
    "HTTPPROXY_ENABLED": False,
    "METAREFRESH_ENABLED": False,
    "REFERRER_POLICY": "same-origin",
    "ROBOTSTXT_OBEY": True,
    "REDIRECT_MAX_TIMES": REDIRECTS,
    "DUPEFILTER_CLASS": "scrapy.dupefilters.BaseDupeFilter",  # spiders keep their own list of pages seen
    "RETRY_TIMES": 2,
    "RETRY_HTTP_CODES": [408, 500, 502, 503, 504, 522, 524],
    "RETRY_EXCEPTIONS": [  # neither unknown names nor timeouts: those are tried again by the next run
        "scrapy.exceptions.DownloadConnectionRefusedError",
        "scrapy.exceptions.DownloadFailedError",
        "scrapy.exceptions.ResponseDataLossError",
        "twisted.internet.error.ConnectionDone",
        "twisted.internet.error.ConnectionLost",
    ],
    "RETRY_GIVE_UP_LOG_LEVEL": "DEBUG",
    "AUTOTHROTTLE_ENABLED": True,
    "DOWNLOAD_DELAY_JITTER": 0,  # `delay` is the least pause, never less
    "DOWNLOAD_WARNSIZE": 0,  # the report tells what was too large
    "MEDIA_ALLOW_REDIRECTS": True,
    "LOG_INSTALL_ROOT_HANDLER": False,  # `spiders.log` shows what is left, made safe
    "LOG_VERSIONS": [],
    "LOGSTATS_INTERVAL": 0,
    "STATS_DUMP": False,
}

_COMPONENTS: dict[str, Any] = {
    "DOWNLOADER_MIDDLEWARES": {
        "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
        "spiders.robots.RobotsMiddleware": 100,
        "spiders.refusals.RefusalMiddleware": 560,  # sees failures before the retry middleware (550)
        "spiders.headers.SourceHeaders": 890,  # the last to touch a request
    },
    "ITEM_PIPELINES": {
        "spiders.pictures.PicturePipeline": 100,
        "spiders.keep.KeepPipeline": 200,
    },
    "EXTENSIONS": {"scrapy.extensions.logstats.LogStats": None},
}
