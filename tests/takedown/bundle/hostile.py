"""A case whose every text was written by somebody who wants to break what shows it; and a crowd of it."""

from dataclasses import replace
from datetime import timedelta

from detector.evidence import Evidence, ImageBox
from detector.items import Advertiser, Text
from detector.visits import Hop, Visit
from storage.case_views import CaseItemView
from takedown.bundle.gather import Gathered
from takedown.story import Story

MARKUP = "</td><script>alert(1)</script><img src=https://evil.test/x.png onerror=alert(2)><a href='https://evil.test'>"
BIDI = "\u202emoc.live\u202c \u2066x\u2069 \x1b[31mred\x1b[0m \x00 \udc80 \u200b\U000e0041"
LONG = "あ" * 3000 + "x" * 5000
TEXTS = (MARKUP, BIDI, LONG, "{{ 7*7 }} {% raw %} &lt;b&gt; <para> %s \\", "javascript:alert(1) data:text/html,x")
HOPS = 60
ITEMS = 500


def hostile_story(story: Story) -> Story:
    """Return a story with hostile texts in every place that strangers write."""
    best = story.case.items[0]
    views = [_view(best, number) for number in range(ITEMS)]
    log = tuple(replace(entry, note=MARKUP, reason=entry.reason and BIDI) for entry in story.case.log)
    case = replace(story.case, title=MARKUP + BIDI, items=tuple(views), item_count=ITEMS, log=log)
    told = {
        f"evil{number}.test": replace(
            one, domain=f"evil{number}.test", facts={name: _foul(value) for name, value in one.facts.items()}
        )
        for number, one in enumerate(story.registrations.values())
    }
    return replace(story, case=case, registrations=told)


def hostile_visits(gathered: Gathered) -> Gathered:
    """Return what was gathered with journeys of many hops through hostile addresses."""
    return replace(gathered, visits=tuple(_visit(visit) for visit in gathered.visits))


def _view(view: CaseItemView, number: int) -> CaseItemView:
    text = TEXTS[number % len(TEXTS)]
    said = TEXTS if number % 50 == 0 else TEXTS[:2]  # searching long ones for accounts takes its time
    item = replace(
        view.item,
        id=f"{text}-{number}",
        url=f"https://evil.test/{text}",
        advertiser=Advertiser(id=text, name=text, payer=text),
        texts=tuple(Text(role="body", text=one) for one in said),
        links=(f"https://evil.test/{text}?{number}", text),
        display_url=text,
        publisher_url=f"https://evil.test/{text}",
        countries=(text,),
        first_shown=text,
    )
    found = Evidence(
        signal="picture.copy",
        weight=3.0,
        strength=0.9,
        observed=text,
        expected=text,
        where=ImageBox(image=0, box=(10 + number % 50, 20, 90, 60)),
        says=text,
    )
    wide = replace(found, where=ImageBox(image=0, box=(-50, 150, 99_999, 99_999)), observed=f"{text}{number}")
    verdict = replace(view.verdict, evidence=(found, wide, *view.verdict.evidence), policy="2026.1")
    pictures = tuple(replace(one, reference=item.images[0]) for one in view.pictures)
    return replace(view, item_id=number + 1, item=item, verdict=verdict, pictures=pictures)


def _visit(visit: Visit) -> Visit:
    hops = tuple(
        Hop(
            url=f"https://h{number}.evil.test/{TEXTS[number % len(TEXTS)]}",
            how="redirect" if number else "start",
            at=visit.started_at + timedelta(seconds=number),
            seconds=0.1,
            status=302 if number % 7 else None,
            problem=None if number % 7 else "timeout",
            address="203.0.113.7",
            headers=(("Server", MARKUP),),
        )
        for number in range(HOPS)
    )
    seen = visit.landing and replace(visit.landing, title=MARKUP, excerpt=BIDI + LONG)
    return replace(visit, hops=hops, landing=seen, outcome="could_not_tell", says=MARKUP)


def _foul(value: object) -> object:
    return MARKUP + BIDI if isinstance(value, str) else value
