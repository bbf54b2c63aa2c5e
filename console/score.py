"""Bulk scoring: a stream of items, hosts or URLs in, a stream of Verdict JSON out, in input order and constant memory.

Lines are read in blocks; a block is scored here or in one of `jobs` child processes, at most a few blocks ahead. A line
that cannot be read is reported with its number and counted, and never ends the run.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

from detector.assess import Assessor
from detector.brands import BrandProfile
from detector.hosts import is_plain, parse_host
from detector.images.hash import PictureHash
from detector.items import Item, ItemError, decode_item
from detector.policy import POLICY, Policy
from detector.verdict import Verdict, encode_verdict
from safety.sandbox import Refused, Sandbox, SandboxError
from safety.screen import screen_json
from spiders.eye import Eye
from spiders.files import REFERENCE_CHARACTERS, picture_beside

Format = Literal["items", "hosts", "urls"]

MAX_LINE = 4 * 2**20  # bytes; a longer line is no item, and must not fill the memory
BLOCK = 256 * 2**10  # bytes of input handed on at once
MAX_PICTURE = 15 * 2**20  # bytes of a picture file, as in the decoder


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreTask:
    """What every block is scored with."""

    brands: tuple[BrandProfile, ...]
    format: Format
    min_score: float
    on: date  # the day ownership entries are checked against
    base: Path  # folder that picture paths are relative to
    policy: Policy = POLICY
    words: bool = True  # read the words in picture files


class Line(NamedTuple):
    """One input line with its number; `text` is None when it was longer than MAX_LINE."""

    number: int
    text: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """The output of one block, and what was wrong in it."""

    output: bytes
    lines: int
    problems: tuple[tuple[int, str], ...]  # line number, reason


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreReport:
    """How a whole run went."""

    lines: int
    bad: int


class Scorer:
    """Scores blocks of lines, one after another, in this process."""

    def __init__(self, task: ScoreTask) -> None:
        self._task = task
        self._assessor = Assessor(task.brands, task.policy)
        self._sandbox = Sandbox(workers=1)
        self._eye = Eye(self._sandbox, words=task.words)
        self._pictures: dict[str, PictureHash | str] = {}  # bounded; holds the reason where unreadable

    def score(self, block: Sequence[Line]) -> Scored:
        """Score a block; the output holds one Verdict per line, item order kept."""
        if self._task.format == "hosts":
            return self._score_hosts(block)
        output: list[bytes] = []
        problems: list[tuple[int, str]] = []
        for line in block:
            try:
                item = self._item(line)
            except ItemError as error:
                problems.append((line.number, str(error)))
                continue
            if item is None:
                continue
            pictures, unreadable = self._hashes(item)
            problems.extend((line.number, reason) for reason in unreadable)
            self._write(self._assessor.assess(item, on=self._task.on, pictures=pictures), output)
        return Scored(output=b"".join(output), lines=len(block), problems=tuple(problems))

    def _score_hosts(self, block: Sequence[Line]) -> Scored:
        """Score host names: plain ones all at once, what is written in another form one by one."""
        problems: list[tuple[int, str]] = []
        names: list[str] = []
        others: dict[int, Item] = {}  # place among the names -> how it was written
        for line in block:
            try:
                name = (line.text or b"").strip().decode("ascii")
                if is_plain(name):
                    names.append(name)
                    continue
            except UnicodeDecodeError:
                pass
            try:
                item = self._item(line)
            except ItemError as error:
                problems.append((line.number, str(error)))
                continue
            if item is not None:
                others[len(names)] = item
                names.append("")
        output: list[bytes] = []
        for place, verdicts in enumerate(self._assessor.assess_hosts(names, on=self._task.on)):
            if place in others:
                verdicts = self._assessor.assess(others[place], on=self._task.on)
            if verdicts:
                self._write(verdicts, output)
        return Scored(output=b"".join(output), lines=len(block), problems=tuple(problems))

    def _write(self, verdicts: Iterable[Verdict], output: list[bytes]) -> None:
        for verdict in verdicts:
            if verdict.score >= self._task.min_score:
                output += (screen_json(encode_verdict(verdict)), b"\n")

    def close(self) -> None:
        """End the picture children."""
        self._eye.close()
        self._sandbox.close()

    def _item(self, line: Line) -> Item | None:
        if line.text is None:
            raise ItemError(f"the line is longer than {MAX_LINE} bytes")
        text = line.text.strip()
        if not text:
            return None
        if self._task.format == "items":
            return decode_item(text)
        try:
            value = text.decode()
        except UnicodeDecodeError as error:
            raise ItemError("the line is not UTF-8") from error
        if parse_host(value) is None:
            raise ItemError("the line names no host")
        return Item(id=value, kind="domain" if self._task.format == "hosts" else "page", url=value)

    def _hashes(self, item: Item) -> tuple[dict[str, PictureHash], list[str]]:
        """Return the hashes of the item's picture files; pictures given as URLs are not fetched."""
        hashes: dict[str, PictureHash] = {}
        unreadable: list[str] = []
        for reference in item.images:
            if "://" in reference or reference.startswith("data:"):
                continue
            if len(reference) > REFERENCE_CHARACTERS:  # not remembered: ten thousand of them would fill the memory
                unreadable.append(f"picture {reference[:40]}…: is no usable path")
                continue
            if reference not in self._pictures:
                if len(self._pictures) >= 10_000:
                    self._pictures.pop(next(iter(self._pictures)))
                self._pictures[reference] = self._inspect(reference)
            found = self._pictures[reference]
            if isinstance(found, str):
                unreadable.append(f"picture {reference}: {found}")
            else:
                hashes[reference] = found
        return hashes, unreadable

    def _inspect(self, reference: str) -> PictureHash | str:
        path = picture_beside(self._task.base, reference)
        if path is None:
            return "there is no such file below the folder of the input"
        try:
            with path.open("rb") as file:
                data = file.read(MAX_PICTURE + 1)
        except OSError as error:
            return f"cannot be read: {error.strerror}"
        try:
            return self._eye.look(data).hash
        except Refused as error:
            return str(error)
        except SandboxError as error:
            return f"could not be decoded safely: {error}"


def score_stream(
    task: ScoreTask,
    source: BinaryIO,
    *,
    jobs: int,
    write: Callable[[bytes], object],
    report: Callable[[int, str], None],
) -> ScoreReport:
    """Score a whole stream.

    Args:
        task: brands, format and threshold.
        source: binary input, read line by line.
        jobs: processes that score; 1 scores in this process.
        write: called with finished output, in input order.
        report: called with line number and reason for each line or picture that could not be read.
    """
    lines = bad = 0
    for scored in _scored(task, _blocks(source), jobs):
        write(scored.output)
        for number, reason in scored.problems:
            report(number, reason)
        lines += scored.lines
        bad += len(scored.problems)
    return ScoreReport(lines=lines, bad=bad)


def _scored(task: ScoreTask, blocks: Iterator[list[Line]], jobs: int) -> Iterator[Scored]:
    if jobs == 1:
        scorer = Scorer(task)
        try:
            yield from map(scorer.score, blocks)
        finally:
            scorer.close()
        return
    # "spawn", because a forked child would inherit the threads' locks of this process.
    with ProcessPoolExecutor(jobs, get_context("spawn"), _start, (task,)) as pool:
        ahead: deque[Future[Scored]] = deque()
        for block in blocks:
            ahead.append(pool.submit(_score_in_child, block))
            if len(ahead) >= 2 * jobs:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


_scorer: Scorer  # one per child process, set by `_start`


def _start(task: ScoreTask) -> None:
    global _scorer
    _scorer = Scorer(task)


def _score_in_child(block: list[Line]) -> Scored:
    return _scorer.score(block)


def _blocks(source: BinaryIO) -> Iterator[list[Line]]:
    block: list[Line] = []
    size = number = 0
    while raw := source.readline(MAX_LINE + 1):
        number += 1
        text: bytes | None = raw
        if len(raw) > MAX_LINE and not raw.endswith(b"\n"):
            text = None
            while (rest := source.readline(MAX_LINE)) and not rest.endswith(b"\n"):
                pass
        block.append(Line(number, text))
        size += len(raw) if text is not None else 0
        if size >= BLOCK or len(block) >= 4096:
            yield block
            block, size = [], 0
    if block:
        yield block
