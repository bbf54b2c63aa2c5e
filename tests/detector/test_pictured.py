"""What is written in a picture is judged like the item's own words, and shown where it stands."""

from dataclasses import replace

from detector.assess import Assessor
from detector.campaign import campaign_keys, campaign_name
from detector.evidence import ImageBox
from detector.images.hash import PictureHash
from detector.images.texts import PictureText
from detector.items import Item, Text
from detector.verdict import Verdict
from tests.detector.hoshino import HOSHINO, ON

BOX = (40, 20, 300, 50)
BLANK = PictureHash(width=800, height=400, phash="0" * 16, flat=True)
ITEM = Item(id="1", kind="ad", platform="meta", images=("https://cdn.example/a.png", "b.png"))


def _judged(item: Item, *texts: PictureText, reference: str = "b.png") -> Verdict | None:
    verdicts = Assessor([HOSHINO]).assess(item, on=ON, pictures={reference: replace(BLANK, texts=texts)})
    return verdicts[0] if verdicts else None


def test_a_name_in_a_picture_is_found_in_its_box() -> None:
    verdict = _judged(ITEM, PictureText(kind="words", text="星野電機 閉店セール 本日限り90%OFF", box=BOX))
    assert verdict is not None
    places = {evidence.signal: evidence.where for evidence in verdict.evidence}
    assert places["name.mention"] == ImageBox(image=1, box=BOX)
    assert {where for where in places.values() if where} == {ImageBox(image=1, box=BOX)}


def test_words_in_pictures_weigh_as_much_as_words_beside_them() -> None:
    text = "星野電機 閉店セール 本日限り90%OFF https://hoshino-denki-sale.test/"
    seen = _judged(ITEM, PictureText(kind="words", text=text, box=BOX))
    said = _judged(replace(ITEM, texts=(Text(role="body", text=text),)))
    assert seen is not None
    assert said is not None
    assert (seen.score, seen.decision) == (said.score, said.decision)


def test_what_the_item_says_itself_is_not_counted_again() -> None:
    said = replace(ITEM, texts=(Text(role="body", text="星野電機"),))
    again = PictureText(kind="words", text=" 星野電機", box=BOX)
    assert _judged(said, again) == _judged(said)


def test_a_code_leads_where_a_link_leads() -> None:
    code = PictureText(kind="code", text="https://hoshino-denki-sale.test/a", box=BOX)
    verdict = _judged(ITEM, code)
    assert verdict is not None
    assert verdict.flagged
    hosts = [evidence for evidence in verdict.evidence if evidence.signal.startswith("host.")]
    assert hosts[0].where == ImageBox(image=1, box=BOX)
    assert campaign_name(ITEM, campaign_keys(ITEM, verdict)) == "host:hoshino-denki-sale.test"


def test_pictures_that_nobody_read_say_nothing() -> None:
    assert _judged(ITEM) is None
    assert Assessor([HOSHINO]).assess(ITEM, on=ON, pictures={"b.png": BLANK}) == ()
