"""PicturePipeline: fetches the pictures that items name, through the same guarded downloader as pages.

A picture that does not come through is counted and leaves its item as it is: "picture unknown" is a normal state. One
that comes but cannot be decoded keeps its digest and the reason.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from scrapy.http import Response
from scrapy.pipelines.media import FileInfo, FileInfoOrError, MediaPipeline
from scrapy.spidermiddlewares.httperror import HttpError
from twisted.python.failure import Failure

from config import ImportSource
from safety.sandbox import SandboxError
from spiders.base import SourceSpider
from spiders.eye import claims_picture
from spiders.failures import Trouble, trouble
from spiders.found import Found, with_frames
from spiders.refusals import SCHEMES
from spiders.run import run_of
from spiders.settings import PICTURE_BYTES, VIDEO_BYTES


class PicturePipeline(MediaPipeline):
    """Gives each `Found` the SHA-256 of its pictures."""

    LOG_FAILED_RESULTS = False

    def __init__(self, *, crawler: Crawler) -> None:
        self._run = run_of(crawler)
        if not self._run.source.pictures or isinstance(self._run.source, ImportSource):
            raise NotConfigured
        super().__init__(crawler=crawler)
        self._frames: dict[str, dict[str, str]] = {}  # URL -> name of a frame -> SHA-256

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the pipeline, unless the source wants no pictures."""
        return cls(crawler=crawler)

    def get_media_requests(self, item: Found, info: MediaPipeline.SpiderInfo) -> list[Request]:
        """Return a request for each picture of the items."""
        return [request for _, request in self._wanted(item)]

    def media_to_download(self, request: Request, info: MediaPipeline.SpiderInfo, *, item: Any = None) -> None:
        """Leave every picture to the downloader: its URL says nothing of its content."""
        return

    async def media_downloaded(
        self, response: Response, request: Request, info: MediaPipeline.SpiderInfo, *, item: Any = None
    ) -> FileInfo:
        """Decode and keep a picture, or the frames of what moves."""
        if response.status != 200:
            raise HttpError(response, "no picture")
        video = bool(request.meta.get("video"))
        if video or claims_picture(response.body):
            try:
                frames = await self._run.looking.take(self._run.shelf.shelve_frames, request.url, response.body)
            except SandboxError as error:
                frames = {}
                self._tell(request.url, Trouble(kind="refused", says=f"the video is {error}"))
            if frames:
                self._frames[request.url] = {name: record.sha256 for name, record in frames.items()}
        if video:
            return FileInfo(url=request.url, path=self.file_path(request), checksum=None, status="downloaded")
        record = await self._run.looking.take(self._run.shelf.shelve, response.body)
        self._run.tally.pictures += 1
        if record.refused is not None and claims_picture(response.body):
            self._tell(request.url, Trouble(kind="refused", says=f"the picture is {record.refused}"))
        return FileInfo(url=request.url, path=self.file_path(request), checksum=record.sha256, status="downloaded")

    def media_failed(self, failure: Failure, request: Request, info: MediaPipeline.SpiderInfo) -> Failure:
        """Count a picture that did not come; its item goes on without."""
        self._tell(request.url, trouble(failure.value))
        failure.raiseException()

    def item_completed(self, results: list[FileInfoOrError], item: Found, info: MediaPipeline.SpiderInfo) -> Found:
        """Return the part with its pictures; one that may come next time keeps its page from being skipped."""
        pictures = dict(item.pictures)
        for (reference, _), (_, result) in zip(self._wanted(item), results, strict=True):
            if isinstance(result, Failure):
                if item.page is not None and not trouble(result.value).lasting:
                    item.page.spoiled = True
                continue
            if result["checksum"] is not None:
                pictures[reference] = result["checksum"]
            for name, address in self._frames.get(result["url"], {}).items():
                pictures[reference + name.removeprefix(result["url"])] = address
        items = tuple(with_frames(one, pictures) for one in item.items)
        return replace(item, items=items, pictures=pictures)

    def file_path(
        self,
        request: Request,
        response: Response | None = None,
        info: MediaPipeline.SpiderInfo | None = None,
        *,
        item: Any = None,
    ) -> str:
        """Return the URL: files are found by their content, not by where they came from."""
        return request.url

    def _wanted(self, found: Found) -> Iterator[tuple[str, Request]]:
        references = {
            reference: PICTURE_BYTES
            for item in found.items
            for reference in item.images
            if reference not in found.pictures
        }
        if self._run.source.videos:
            references |= {reference: VIDEO_BYTES for item in found.items for reference in item.videos}
        for reference, most in references.items():
            try:
                if urlsplit(reference).scheme in SCHEMES:
                    meta = {"download_maxsize": most, "video": most == VIDEO_BYTES}
                    yield reference, Request(reference, meta=meta, priority=-1)
            except ValueError:
                continue  # no URL; the item keeps the reference as evidence

    def _tell(self, url: str, failure: Trouble) -> None:
        spider = self.crawler.spider
        assert isinstance(spider, SourceSpider)
        spider.tell(url, failure, prefix="picture_")
