"""Alert -> sentences in its language, shared by the channels that people read.

All text in an Alert is safe to show; writing it in a service's markup is the part of `alerts.dialect`.
"""

from collections.abc import Iterator
from datetime import datetime

from alerts.message import Alert, AlertEvidence, AlertItem, DigestLine
from alerts.words import WORDS, Words
from storage.actions import UNJUDGED


def words_of(alert: Alert) -> Words:
    """Return the words of the alert's language."""
    return WORDS[alert.language]


def headline(alert: Alert) -> str:
    """Say in one line what this is about."""
    words = words_of(alert)
    if alert.reason == "digest":
        count = alert.digest_total
        form = words.digest_headline if count > 1 else words.digest_headline_one if count else words.digest_empty
        return form.format(subject=alert.subject, count=count)
    if alert.case is None:
        return _about_no_case(alert)[0].format(subject=alert.subject)
    return words.headline.format(
        decision=words.decisions.get(alert.case.decision, alert.case.decision),
        brand=alert.case.brand_name,
        title=alert.case.title,
    )


def _about_no_case(alert: Alert) -> tuple[str, str]:
    """Return headline and sentence of a message that is about a receiver or a source."""
    words = words_of(alert)
    match alert.reason:
        case "test":
            return words.test_headline, words.test
        case "source_unwell":
            return words.unwell_headline, words.unwell
        case "source_well":
            return words.well_headline, words.well
    return words.disabled_headline, words.disabled


def occasion(alert: Alert) -> str:
    """Say why this message comes now."""
    words = words_of(alert)
    if alert.reason == "digest" and alert.gathered != "time":
        return words.digest_limit if alert.gathered == "limit" else words.digest_group
    if alert.reason == "digest":
        form = words.digest_since if alert.since else words.digest
        return form.format(since=moment(alert.since) if alert.since else "", until=moment(alert.at))
    if alert.case is None:
        return _about_no_case(alert)[1].format(subject=alert.subject)
    match alert.reason:
        case "first":
            return words.first
        case "new_items":
            form = words.new_items_one if alert.new_items == 1 else words.new_items
            return form.format(new=alert.new_items, total=alert.case.items)
        case "escalated":
            return words.escalated.format(opened=moment(alert.case.opened_at))
        case "relapsed":
            return words.relapsed
        case "notice":
            return ("" if alert.language == "ja" else " ").join(_of_notices(alert))
    return words.repeat


def _of_notices(alert: Alert) -> Iterator[str]:
    """Say which notices somebody has to look at."""
    words = words_of(alert)
    for one in alert.notices:
        since = moment(one.since) if one.since else words.nothing
        form = words.notices[one.why]
        yield form.format(id=one.id, channel=one.channel, reference=one.reference, since=since)
        if one.says:
            yield words.notice_says.format(says=one.says)
    if rest := alert.notices_total - len(alert.notices):
        yield words.more_notices.format(count=rest)


def standing(alert: Alert) -> str:
    """Say who has the case and by when it should be judged; nothing where neither is known."""
    words, case = words_of(alert), alert.case
    if case is None:
        return ""
    parts = [
        *([words.assigned.format(name=case.assignee)] if case.assignee else []),
        *([words.due.format(due=moment(case.due_at))] if case.due_at and case.state in UNJUDGED else []),
    ]
    return " · ".join(parts)


def digest_line(alert: Alert, line: DigestLine) -> str:
    """Say in one line what a case of a digest is about."""
    words = words_of(alert)
    decision = words.decisions.get(line.decision, line.decision)
    return words.digest_line.format(decision=decision, brand=line.brand_name, title=line.title)


def digest_facts(alert: Alert, line: DigestLine) -> str:
    """Say why a case is in the digest, how it stands and how large it is; all words of ours."""
    words = words_of(alert)
    if line.new_items and line.new_items < line.items:
        items = words.digest_new.format(items=line.items, new=line.new_items)
    else:
        items = words.items_one if line.items == 1 else words.items.format(count=line.items)
    reason, state = words.reasons[line.reason], words.states.get(line.state, line.state)
    return " · ".join([reason, *([state] if state != reason else []), f"{line.score:.2f}", items])


def says(alert: Alert, evidence: AlertEvidence) -> str:
    """Say what a signal found: in the alert's language where it has words for it, else as the detector says it."""
    return words_of(alert).signals.get(evidence.signal, evidence.says)


def seen(alert: Alert, item: AlertItem) -> str:
    """Say what kind of item was seen where, when and how often."""
    words = words_of(alert)
    return words.seen_line.format(
        kind=words.kinds.get(item.kind, item.kind),
        where=item.platform or ", ".join(item.sources) or words.nothing,
        first=moment(item.first_seen),
        last=moment(item.last_seen),
        sightings=words.sightings.format(count=item.sightings),
    )


def moment(at: datetime) -> str:
    """Write a UTC time to the minute."""
    return f"{at:%Y-%m-%d %H:%M}"
