"""Drafting: fill one notice to one channel about one actor, or say everything that is missing for it.

Flow: what may be filed at all (case, filer, rights, evidence, contact) -> the fields of the form that are required ->
nothing is missing: the files, the text, the fields. A form that takes fewer targets than there are gets the first ones
that no open notice names; a note says how many are left for the next draft.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime

from alerts.message import Language
from alerts.words import WORDS as ALERT_WORDS
from config import Config
from config.takedown import Trademark
from safety.screen import screen
from storage.media import MediaStore
from storage.notice_views import open_draft
from storage.notices import DRAFTED, new_reference
from takedown.actor import Actor, mails_of
from takedown.channel import CONTACT, Channel, Fact, FormField
from takedown.context import Context, reported_of, unfiled
from takedown.errors import DraftRefused
from takedown.facts import fact
from takedown.interface import lacking
from takedown.mail import REPORT
from takedown.missing import how_to_get, no_contact
from takedown.missing_words import Told, in_a_row, lacks
from takedown.notice import XARF, Attachment, Filled, Missing, Notice
from takedown.parties import filer_of, owner_of
from takedown.proofs import collect, missing_proofs
from takedown.rights import COPIES, in_force, missing_rights
from takedown.sharing.errors import NotShareable
from takedown.sharing.xarf import xarf_of
from takedown.story import Story
from takedown.text_values import findings_of
from takedown.texts import text_of
from takedown.vocabulary import WORDS

# Always there, and not cheap to write; or what a person can add by hand and no proof hangs on.
_GIVEN: frozenset[Fact] = frozenset(
    (
        "description",
        "offer.summary",
        "statement.good_faith",
        "statement.accuracy",
        "statement.authority",
        "evidence.list",
        "reference",
        "countries",
        "handoffs",
        "advertiser.payer",
        "filer.title",
    )
)
_PREVIEW = "MK-0-00000000"  # stands where a reference will: nothing of it is kept


def missing_for(
    story: Story, actor: Actor, channel: Channel, config: Config, language: Language, *, today: date
) -> tuple[Missing, ...]:
    """Return everything without which a notice to a channel about an actor is not complete; empty: it can be drafted.

    Reads no file but to see whether certificates and letters are there; writes nothing.

    Args:
        story: the case.
        actor: whose part of it.
        channel: where.
        config: who files.
        language: of the notice.
        today: on which day, in the zone of the team.
    """
    return tuple(_missing(story, actor, channel, config, language, today, None))


def draft(
    story: Story,
    actor: Actor,
    channel: Channel,
    config: Config,
    language: Language,
    media: MediaStore,
    *,
    now: datetime,
    marks: tuple[Trademark, ...] | None = None,
) -> Notice:
    """Fill a notice. An open draft for the same channel and actor keeps its reference.

    Args:
        story: the case.
        actor: whose part of it.
        channel: where.
        config: who files.
        language: of the notice.
        media: the store.
        now: when it is drafted.
        marks: the trademarks in force on which it rests; None: all of them.

    Raises:
        DraftRefused: with all that is missing.
        TextFailed: a template of a team's own cannot be written.
    """
    today = config.triage.day_of(now)
    missing = tuple(_missing(story, actor, channel, config, language, today, marks))
    if missing:
        raise DraftRefused(channel.key, missing)
    known = open_draft(story.notices, channel.key, actor.kind, actor.subject)
    reference = known.reference if known is not None else new_reference(story.case.id)
    bare = _context(story, actor, channel, config, language, today, reference, marks)
    assert bare is not None  # else the filer were missing
    try:
        collected = collect(bare, media)
    except OSError as error:
        raise DraftRefused(
            channel.key, [Missing(what="certificate", says=f"{error.filename}: {error.strerror}")]
        ) from error
    context = replace(bare, attachments=collected.attachments)
    required = [asked.kind for asked in channel.evidence if asked.required and asked.kind not in collected.left_out]
    gone = [kind for kind in required if not _shown(kind, context)]
    if gone:
        raise DraftRefused(channel.key, [lacks(kind, "files gone", case=story.case.id) for kind in gone])
    title, body = text_of(context, channel.limits.characters)
    report, unreported = _report(context, media, now)
    return Notice(
        reference=reference,
        case_id=story.case.id,
        channel=channel.key,
        language=language,
        actor=actor.kind,
        subject=actor.subject,
        targets=context.targets,
        links=actor.links,
        title=title,
        body=body,
        fields=tuple(_filled(field, context) for field in channel.field),
        attachments=(*context.attachments, *report),
        to=_recipients(channel, actor),
        url=channel.url,
        notes=(*_notes(context, body), *collected.notes, *unreported),
    )


def _report(context: Context, media: MediaStore, now: datetime) -> tuple[tuple[Attachment, ...], tuple[str, ...]]:
    """Keep the report for machines, where one goes along; and say why there is none, where it does not fit.

    It is made here and not when it leaves: who approves the notice approves it, too.
    """
    channel = context.channel
    if channel.way != "email" or not channel.xarf:
        return (), ()
    seen = next((file.sha256 for file in context.attachments if file.kind == "screenshot"), None)
    picture = media.read(seen) if seen is not None else None
    try:
        made = xarf_of(
            context.story,
            context.actor,
            context.config,
            now=now,
            reference=context.reference,
            screenshot=picture,
            exact=True,
        )
    except NotShareable:  # no address that machines could act on: the words and the files go alone
        return (), ()
    data = json.dumps(made, ensure_ascii=True, indent=1, sort_keys=True).encode()
    room = channel.limits.bytes
    if room is not None and sum(file.bytes for file in context.attachments) + len(data) > room:
        words = WORDS[context.language]
        return (), (words.too_large.format(proof=words.proofs[XARF], bytes=len(data), most=room),)
    return (Attachment(name=REPORT, kind=XARF, sha256=media.put(data), bytes=len(data)),), ()


def _missing(
    story: Story,
    actor: Actor,
    channel: Channel,
    config: Config,
    language: Language,
    today: date,
    marks: tuple[Trademark, ...] | None,
) -> Iterator[Missing]:
    case = story.case
    if case.state not in DRAFTED:
        yield _unready(story)
    if language not in channel.languages:
        known = in_a_row("and", channel.languages)
        yield lacks("language", "language", channel=channel.key, languages=known, best=channel.languages[0])
    if not actor.targets:
        yield lacks("targets", "targets", case=case.id)
    yield from _missing_way(actor, channel, config)
    if channel.after and not reported_of(story, channel, actor):
        yield lacks("after", "after", first=in_a_row("or", channel.after))
    context = _context(story, actor, channel, config, language, today, _PREVIEW, marks)
    if context is None:
        yield lacks("filer.name", "nobody files")
        return
    yield from _missing_names(context)
    copied = "copyright" not in channel.needs or bool(COPIES & {one.signal for one in findings_of(context)})
    yield from missing_rights(story.brand, context.filer, channel, today, copied=copied)
    yield from missing_proofs(context)
    named: set[str] = {"filer.name", "filer.organization", "owner.name", "targets"}  # told above
    if "trademark" in channel.needs and not in_force(story.brand, today):
        named |= {
            field.fill for field in channel.field if field.fill and field.fill.startswith("trademark.")
        }  # told, too
    for field in channel.field:
        if field.fill is None or not field.required or field.fill in _GIVEN or field.fill in named:
            continue
        if fact(field.fill, context) is None:
            named.add(field.fill)
            yield how_to_get(field.fill, context)


def _context(
    story: Story,
    actor: Actor,
    channel: Channel,
    config: Config,
    language: Language,
    today: date,
    reference: str,
    marks: tuple[Trademark, ...] | None,
) -> Context | None:
    """Return what a notice is made of, without files; None where nobody is named who files."""
    if config.takedown.filer is None:
        return None
    open_ones = unfiled(story, channel, actor) or actor.targets  # all are filed: anew
    return Context(
        story=story,
        actor=actor,
        channel=channel,
        config=config,
        filer=config.takedown.filer,
        language=language,
        today=today,
        reference=reference,
        targets=open_ones[: channel.limits.targets],
        marks=in_force(story.brand, today) if marks is None else marks,
    )


def _unready(story: Story) -> Missing:
    case = story.case
    if case.merged_into is not None:
        return lacks("case", "part", case=case.id, whole=case.merged_into)
    state = Told(en=case.state, ja=ALERT_WORDS["ja"].states[case.state])
    return lacks("case", "unjudged" if case.state in ("open", "snoozed") else "unconfirmed", case=case.id, state=state)


def _missing_way(actor: Actor, channel: Channel, config: Config) -> Iterator[Missing]:
    """Yield what stands in the way of the notice's getting there."""
    if channel.way == "email" and not _recipients(channel, actor):
        yield no_contact(actor, config)
    if channel.way == "api" and (keys := lacking(channel, config.takedown.account_for(channel.key))):
        yield lacks("account", "account", channel=channel.key, keys=", ".join(keys))


def _missing_names(context: Context) -> Iterator[Missing]:
    """Yield the names that every notice carries and that are not known in its language."""
    filer = filer_of(context.filer, context.language)
    for fact_name, value in (("filer.name", filer.name), ("filer.organization", filer.organization)):
        if value is None:
            yield how_to_get(fact_name, context)
    if owner_of(context.brand, context.filer, context.language).name is None:
        yield how_to_get("owner.name", context)


def _recipients(channel: Channel, actor: Actor) -> tuple[str, ...]:
    """Return the mail address that gets it: the channel's, or the first usable one that the actor is known by."""
    if channel.way != "email":
        return ()
    if channel.address != CONTACT:
        return (channel.address,) if channel.address else ()
    return mails_of(actor.contacts)[:1]


def _shown(kind: str, context: Context) -> bool:
    """Tell whether a required proof is among the files, or needs none."""
    if kind == "original" or (kind == "authority" and context.filer.relation == "owner"):
        return True
    return any(file.kind == kind for file in context.attachments)


def _filled(field: FormField, context: Context) -> Filled:
    """Return one field of the form as it is to be filled in."""
    words = WORDS[context.language]
    value = fact(field.fill, context) if field.fill is not None else None
    notes = []
    if field.choice is not None:
        notes.append(words.choose.format(choice=getattr(field.choice, context.language)))
    if value is not None and field.characters is not None and len(value) > field.characters:
        notes.append(words.field_cut.format(most=field.characters))
        value = _fitted(field.fill, value, field.characters, context)
    if value is None and field.choice is None and field.required:
        notes.append(words.by_hand)
    return Filled(key=field.key, label=getattr(field.label, context.language), value=value, note="; ".join(notes))


def _fitted(name: Fact | None, value: str, most: int, context: Context) -> str:
    """Cut a value: the text by leaving out its long tail, a list by whole lines, anything else visibly."""
    if name == "description":
        return text_of(context, most)[1]
    lines = value.split("\n")
    while len(lines) > 1 and len("\n".join(lines)) > most:
        lines.pop()
    short = "\n".join(lines)
    return short if len(short) <= most else short[: most - 1] + "…"


def _notes(context: Context, body: str) -> Iterator[str]:
    words, limits = WORDS[context.language], context.channel.limits
    own = context.actor.facts.get("own_contacts", "").split()
    if any(address in own for address in _recipients(context.channel, context.actor)):
        yield words.own_contact.format(address=screen(own[0]))
    left = len(unfiled(context.story, context.channel, context.actor) or context.actor.targets) - len(context.targets)
    if left > 0:
        yield words.targets_left.format(left=left, all=len(context.actor.targets))
    if limits.characters is not None and body != text_of(context)[1]:
        yield words.text_cut.format(most=limits.characters)
