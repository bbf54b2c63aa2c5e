"""What tests of triage look at: the text of a screen, and the cases behind it."""

import re

from storage.case_list import list_cases
from storage.cases import CaseDetail, case_detail
from storage.database import snapshot
from tests.console.conftest import NOW, Store


def plain(shown: str) -> str:
    """Return what is shown without its colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", shown)


def detail(store: Store, case_id: int) -> CaseDetail:
    with snapshot(store.engine) as reading:
        return case_detail(reading, case_id, now=NOW)


def order(store: Store) -> list[int]:
    with snapshot(store.engine) as reading:
        return [case.id for case in list_cases(reading, now=NOW)]
