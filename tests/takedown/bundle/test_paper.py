"""Strips on pages: all of them, in order, and none where it should not stand."""

from hypothesis import given
from hypothesis import strategies as st

from takedown.bundle.paper import BOTTOM, HEIGHT, TOP, Mark, Strip, filled

PAGE = HEIGHT - TOP - BOTTOM


def strip(height: float, *, keep: bool = False, above: float = 0, again: Strip | None = None) -> Strip:
    """A strip that draws nothing."""
    return Strip(height=height, draw=lambda sheet, top: None, keep=keep, above=above, again=again)


STRIPS = st.lists(
    st.builds(
        strip,
        st.floats(min_value=1, max_value=PAGE - 60),
        keep=st.booleans(),
        above=st.sampled_from([0.0, 12.0]),
        again=st.sampled_from([None, strip(20)]),
    ),
    max_size=40,
)


@given(STRIPS)
def test_every_strip_stands_once_in_order_within_its_page(strips: list[Strip]) -> None:
    pages = filled(strips)
    titles = {id(one.again) for one in strips if one.again is not None}
    placed = [one for page in pages.places for one, _ in page if id(one) not in titles]
    assert [id(one) for one in placed] == [id(one) for one in strips]
    for page in pages.places:
        bottom = HEIGHT - TOP
        for one, top in page:
            assert top <= bottom + 1e-6, "strips do not overlap"
            bottom = top - one.height
            assert bottom >= BOTTOM - 1e-6


@given(STRIPS)
def test_what_is_kept_with_the_next_never_ends_a_page_unless_a_page_is_too_small(strips: list[Strip]) -> None:
    whole: dict[int, float] = {}
    group: list[Strip] = []
    for one in strips:
        group.append(one)
        if not one.keep or one is strips[-1]:
            whole |= {id(each): sum(each.height + each.above + 20 for each in group) for each in group}
            group = []
    pages = filled(strips)
    for page in pages.places[:-1]:
        last = page[-1][0]
        assert not last.keep or whole[id(last)] > PAGE


def test_a_table_that_goes_on_repeats_its_titles_at_the_top_of_each_page() -> None:
    titles = strip(20, keep=True)
    pages = filled([titles, *(strip(100, again=titles) for _ in range(30))])
    assert len(pages.places) > 3
    assert all(page[0][0] is titles for page in pages.places)


def test_marks_know_their_pages() -> None:
    marked = [
        Strip(height=PAGE * 0.6, draw=lambda sheet, top: None, mark=Mark(key=key, title=key)) for key in ("a", "b", "c")
    ]
    assert filled(marked).marks == {"a": 1, "b": 2, "c": 3}
