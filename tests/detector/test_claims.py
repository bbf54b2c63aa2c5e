import pytest

from detector.claims import ClaimIndex
from detector.normalize import skeleton
from tests.detector.hoshino import HOSHINO

INDEX = ClaimIndex([HOSHINO])


@pytest.mark.parametrize(
    "text",
    [
        "星野電機が開発した世界最小のエアコン",
        "ついに登場！星野電機が開発した世界最小エアコン、残り88台",
        "世界最小のエアコンを星野電機が開発しました",
        "星 野 電 機 が開発した 世界最小の エアコン",
    ],
)
def test_retold_claims_are_found_where_they_stand(text: str) -> None:
    ((brand, hit),) = INDEX.find(0, skeleton(text))
    assert brand == 0
    start, end = hit.span
    assert text[start:end] == hit.seen
    assert len(hit.seen) > 10


@pytest.mark.parametrize(
    "text",
    [
        "星野電機のエアコンは静かです",
        "世界最小の加湿器を発売",
        "エアコンの選び方",
        "星野電機が開発したエアコンの新機能",
    ],
)
def test_other_statements_are_not_claims(text: str) -> None:
    assert list(INDEX.find(0, skeleton(text))) == []
