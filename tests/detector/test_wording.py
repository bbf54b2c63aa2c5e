from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.labelled import brands, labelled
from detector.assess import Assessor
from detector.items import Item, Text
from detector.reading import TextIndex
from detector.wording import ONE_MESSAGE, WordingIndex, learned, readable, stretches
from tests.detector.hoshino import HOSHINO, ON

INDEX = WordingIndex([("\ue000よ", 1.0), ("】", 0.5), (" today only ", 0.7), ("00%", -0.2), ("公式", 2.0)], -0.5)


def test_names_addresses_and_digits_are_read_alike() -> None:
    text = "星野電機の冷風機、80%OFF！ https://cool.test/a?b=1 まで"
    assert readable(text, [(0, 4)]) == " \ue000の冷風機、00%off  \ue002 まで "


def test_every_phrase_counts_once_and_shows_where_it_stands() -> None:
    text = "【星野電機】より。公式、公式。Today  only は 30% today only"
    wording = INDEX.read([text], [[(1, 5)]])
    assert wording.odds == -0.5 + 0.5 - 0.2 + 0.7 + 2.0
    shown = {text[slice(*phrase.span)]: phrase.weight for phrase in wording.phrases}
    assert shown == {"公式": 2.0, "today only": 0.7, "】": 0.5}


def test_the_name_of_every_brand_is_the_same_letter() -> None:
    assert INDEX.read(["星野電機より"], [[(0, 4)]]).odds == INDEX.read(["ABCより"], [[(0, 3)]]).odds == 0.5


def test_a_long_text_is_read_around_the_names() -> None:
    far = "あ" * ONE_MESSAGE
    text = f"公式{far}星野電機より{far}公式"
    start = text.index("星野")
    wording = INDEX.read([text], [[(start, start + 4)]])
    assert wording.odds == 0.5
    assert [text[slice(*phrase.span)] for phrase in wording.phrases] == ["星野電機よ"]


def test_the_learned_phrases_alone_tell_most_frauds_from_honest_texts() -> None:
    profiles = brands()
    index = TextIndex(profiles)
    odds: dict[bool, list[float]] = {True: [], False: []}
    for case, item in labelled():
        brand = next(at for at, profile in enumerate(profiles) if profile.key == case.brand)
        names = index.read(item).names.get(brand, []) if case.part == "test" else []
        if names:
            spans = [[hit.span for hit in names if hit.text == at] for at in range(len(item.texts))]
            odds[case.fraud].append(learned().read([text.text for text in item.texts], spans).odds)
    pairs = [fraud > honest for fraud in odds[True] for honest in odds[False]]
    assert sum(pairs) / len(pairs) >= 0.85  # the area under the curve; half of them would be chance


def test_learned_phrases_are_phrases() -> None:
    texts = ["星野電機より、Win a free prize today! 公式LINEで0円", "a  b", "【", "100%"]
    for text in texts:
        ready = readable(text, [])
        assert all(phrase in ready for phrase in stretches(ready))


@settings(max_examples=150)
@given(st.text(alphabet=st.characters(codec=None), max_size=60), st.text(max_size=20))
def test_any_text_is_survived_and_spans_stay_inside(before: str, after: str) -> None:
    text = f"{before}星野電機{after}"
    start = len(before)
    for phrase in learned().read([text], [[(start, start + 4)]]).phrases:
        first, last = phrase.span
        assert 0 <= first <= last <= len(text)


def test_wording_is_evidence_with_its_place() -> None:
    text = "星野電機をお使いの方限定、在庫処分の冷風機を4,980円でお届けします。残りわずか、今すぐお申し込みください"
    item = Item(id="1", kind="ad", texts=(Text(role="body", text=text),))
    (verdict,) = Assessor([HOSHINO]).assess(item, on=ON)
    worded = [one for one in verdict.evidence if one.signal.startswith("wording.")]
    assert worded
    assert sum(bool(one.weight) for one in worded) == 1
    assert all(one.observed in text for one in worded)
