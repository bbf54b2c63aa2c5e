"""Crawl progress on a terminal: one row a source; silent when standard error is no terminal."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import Progress as Bar
from rich.progress import SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from spiders.report import Progress


class CrawlDisplay:
    """Shows items, flagged, errors and rate per source while a crawl runs."""

    def __init__(self, console: Console) -> None:
        self._bar = Bar(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TextColumn("{task.fields[items]} items"),
            TextColumn("[red]{task.fields[flagged]} flagged[/red]"),
            TextColumn("{task.fields[errors]} errors"),
            TextColumn("{task.fields[rate]:.0f}/s"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._rows: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def update(self, progress: Progress) -> None:
        """Take one report of the crawler."""
        if progress.source not in self._rows:
            self._rows[progress.source] = self._bar.add_task(
                progress.source, total=None, items=0, flagged=0, errors=0, rate=0.0
            )
        row = self._rows[progress.source]
        elapsed = self._bar.tasks[self._bar.task_ids.index(row)].elapsed or 0.0
        self._bar.update(
            row,
            items=progress.items,
            flagged=progress.flagged,
            errors=progress.errors,
            rate=progress.items / elapsed if elapsed else 0.0,
        )
