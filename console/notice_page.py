"""What a person reads of one notice: where it goes, its fields, its text, its files, what happened to it."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from console.show import moment
from desk.counted import counted
from desk.inert import inert
from safety.screen import screen
from storage.columns import digest_of
from storage.notice_views import NoticeStep, NoticeView
from takedown.channel import Channel
from takedown.notice import Notice

MOST = 8000  # characters of a value that are shown; --field prints the whole of it
_LIKELY = {"host": "host or content network", "redirect": "one who redirects"}
ALONE = ("title", "body", "targets", "to", "url", "reference")  # what `--field` prints besides the form's own fields


def notice_page(notice: Notice, channel: Channel | None, *, head: str) -> Iterator[Text]:
    """Yield a notice as it would leave, line by line, every address so that nobody follows it by accident.

    Args:
        notice: what is sent.
        channel: where; None where the catalogue has it no more.
        head: what to call it.
    """
    yield Text.assemble((head, "bold"), f"  {notice.reference}")
    yield from _facts(notice, channel)
    if notice.fields:
        yield Text("\nFields", "bold")
        for field in notice.fields:
            note = f"  ({inert(field.note, limit=300)})" if field.note else ""
            yield Text.assemble(f"  {field.key}  ", (inert(field.label, limit=120), "dim"), (note, "yellow"))
            if field.value is not None:
                yield from _block("(the text below)" if field.value == notice.body else field.value, 6, notice)
    yield Text("\nText", "bold")
    yield from _block(f"{notice.title}\n\n{notice.body}", 2, notice)
    if notice.attachments:
        yield Text(f"\n{counted(len(notice.attachments), 'file')}", "bold")
        for file in notice.attachments:
            yield Text(f"  {screen(file.name, limit=100)}  {file.bytes} bytes  SHA-256 {file.sha256}")
    if notice.notes:
        yield Text("\nBefore it is filed", "bold")
        yield from (Text(f"  {inert(note, limit=400)}", "yellow") for note in notice.notes)


def about(actor: str, subject: str, *, limit: int = 160) -> str:
    """Say whom and what a notice is about; no more than `limit` characters of the subject."""
    return "the whole journey" if actor == "everyone" else f"{actor} {inert(subject, limit=limit)}"


def state_of(view: NoticeView) -> str:
    """Name the state of a notice, and what a state does not tell: that it did not arrive, who has likely acted."""
    state = view.state.replace("_", " ")
    if view.lost_at is not None:
        return f"{state}, did not arrive"
    return f"{state}, {likely(view.gone_by)}" if view.state == "down" and view.gone_by else state


def likely(by: str) -> str:
    """Say who has likely taken away what is gone."""
    return f"likely by the {_LIKELY.get(by, by)}"


def standing(view: NoticeView) -> str:
    """Say in one line how a notice stands."""
    parts = [
        f"notice {view.id}",
        f"case {view.case_id}",
        screen(view.channel, limit=80),
        view.language,
        state_of(view),
        *([f"their reference {inert(view.their_reference, limit=80)}"] if view.their_reference else []),
        *([f"due {moment(view.due_at)}"] if view.due_at else []),
        f"content {digest_of(view.content)[:8]}",
    ]
    return ", ".join(parts)


def history_lines(view: NoticeView, steps: Sequence[NoticeStep]) -> Iterator[Text]:
    """Yield what happened to a notice, and what came back."""
    yield Text("\nHistory", "bold")
    for step in steps:
        note = f" - {inert(step.note, limit=300)}" if step.note else ""
        undone = "  (taken back)" if step.undone else ""
        note += f", {likely(step.by)}" if step.by else ""
        what = f"{inert(step.who, limit=40)}: {step.step.replace('_', ' ')}{note}{undone}"
        yield Text.assemble((f"  {moment(step.at)}  ", "dim"), what)
    for reply in view.replies:
        suggests = f", seems to say: {reply.suggests.replace('_', ' ')}" if reply.suggests else ""
        yield Text(f"\nReply of {moment(reply.received_at)} from {inert(reply.sender, limit=120)}{suggests}", "bold")
        yield Text(f"  {inert(reply.subject, limit=200)}")
        yield from _block(reply.text, 2)


def bare(notice: Notice, key: str) -> str | None:
    """Return one value as it is to be copied; None where a person fills it in.

    Raises:
        KeyError: the notice has no such field.
    """
    if key in ALONE:
        value = getattr(notice, key)
        return "\n".join(value) if isinstance(value, tuple) else value
    return {field.key: field.value for field in notice.fields}[key]


def _facts(notice: Notice, channel: Channel | None) -> Iterator[Text]:
    if channel is not None:
        yield Text(f"  {screen(channel.name.en, limit=100)}, {screen(channel.operator, limit=100)} ({channel.key})")
        if channel.unconfirmed:
            yield Text(f"  no source was found for: {', '.join(channel.unconfirmed)}", "yellow")
    yield Text(f"  about {about(notice.actor, notice.subject)}")
    if notice.to:
        yield Text(f"  by mail to {inert(', '.join(notice.to), limit=300)}")
    elif notice.url:
        way = "by its interface, see" if channel is not None and channel.way == "api" else "by the form at"
        yield Text(f"  {way} {screen(notice.url, limit=300)}")  # the catalogue's own address, no stranger's


def _block(text: str, indent: int, notice: Notice | None = None) -> Iterator[Text]:
    """Yield lines of text, each inert but for the names of our own files; cut with a word on how to get the rest."""
    names = [file.name for file in notice.attachments] if notice is not None else []
    for line in text[:MOST].rstrip("\n").split("\n"):
        shown = inert(line)
        for name in names:
            shown = shown.replace(inert(name), name)
        yield Text(" " * indent + shown if shown else "")
    if len(text) > MOST:
        yield Text(f"{' ' * indent}… ({len(text) - MOST} more characters; --field prints all)", "dim")
