"""AdRules: lists of ad elements in EasyList's notation (https://easylist.to), read at run time.

The `adblock` package reads them: elements to hide by class and id, and addresses of frames. Rules of more than one step
are left out; what an ad system marks itself is found without any list (`ad_slots`).
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import adblock

LARGEST = 20 * 2**20  # bytes of a list
_SIMPLE = re.compile(r"([.#])((?:[\w-]|\\.)+)(?::not\([^()]*\))*")


class AdRules:
    """The rules of some lists."""

    def __init__(self, texts: Iterable[str]) -> None:
        lists = adblock.FilterSet()
        for text in texts:
            lists.add_filter_list(text)
        self._engine = adblock.Engine(lists)

    def hidden(self, classes: Iterable[str], ids: Iterable[str], url: str) -> tuple[frozenset[str], frozenset[str]]:
        """Return those of a page's classes and ids that the lists hide.

        Args:
            classes: of all its elements.
            ids: of all its elements.
            url: of the page: some rules hold for some sites only, and some sites are left alone.
        """
        resources = self._engine.url_cosmetic_resources(url)
        selectors = set(resources.hide_selectors)
        if not resources.generichide:  # type: ignore[attr-defined]  # missing in its stub
            selectors |= set(self._engine.hidden_class_id_selectors(list(classes), list(ids), resources.exceptions))
        found: dict[str, set[str]] = {".": set(), "#": set()}
        for selector in selectors - set(resources.exceptions):
            match = _SIMPLE.fullmatch(selector)
            if match:
                found[match[1]].add(match[2].replace("\\", ""))
        return frozenset(found["."]), frozenset(found["#"])

    def is_ad_frame(self, source: str, url: str) -> bool:
        """Tell whether a frame's address is one of an ad server, on this page."""
        return bool(self._engine.check_network_urls(source, url, "subdocument").matched)


@lru_cache(maxsize=4)
def load(paths: tuple[str, ...]) -> AdRules:
    """Read lists, once in a process.

    Raises:
        ValueError: one cannot be read.
    """
    texts = []
    for path in paths:
        try:
            texts.append(Path(path).read_bytes()[:LARGEST].decode("utf-8", "replace"))
        except OSError as error:
            raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    return AdRules(texts)
