from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from detector.assess import Assessor
from detector.hosts import is_plain
from detector.items import Item
from tests.detector.hoshino import HOSHINO, ON

ASSESSOR = Assessor([HOSHINO])
WORDS = st.sampled_from(
    ["hoshino", "denki", "hoshino-denki", "h0shino", "login", "www", "co", "jp", "com", "cn", "example", "test", "abc",
     "xn--kivo8gj38bple", "sale", "hoshinodemki", "co-jp", "workers.dev", "x-1"]
)  # fmt: skip


@given(st.lists(WORDS, min_size=2, max_size=6).map(".".join))
def test_many_at_once_agree_with_one_by_one(name: str) -> None:
    if is_plain(name):
        one = ASSESSOR.assess(Item(id=name, kind="domain", url=name), on=ON)
        assert ASSESSOR.assess_hosts(["shop.example", name], on=ON) == [(), one]


def test_an_official_host_is_told_and_an_expired_entry_is_not_trusted() -> None:
    (official,), (shop,) = ASSESSOR.assess_hosts(["www.hoshino-denki.example", "hoshino-denki-sale.test"], on=ON)
    assert official.decision == "official"
    assert shop.flagged
    assert ASSESSOR.assess_hosts([], on=date(2030, 1, 1)) == []
