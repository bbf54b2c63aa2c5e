"""takedown file and reply: a notice leaves on a person's word; what comes back is put to it."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import click
import msgspec

from alerts.dispatch import gate_of
from console.app import FAILED, PARTLY, App, Misused, OutsideFailed, as_json, as_person, print_json, utc_now, with_app
from console.notice_page import about
from console.stamping import stamp
from desk.inert import inert
from safety.screen import screen
from spiders.tips import LARGEST_MAIL
from storage.notices import Told, notice
from takedown.errors import FilingFailed
from takedown.filing import Desk, Filed, Outgoing, file_notice, prepare
from takedown.replies import Letterbox, Message, Taken, messages_in, messages_of, reader, take_reply

SHOWN = 600  # characters of a reply that are shown


@click.command("file")
@click.argument("wanted", metavar="NOTICE")
@click.option("--confirm", is_flag=True, help="Send it, or say that you have filled in the form.")
@click.option("--reference", metavar="THEIRS", help="With --confirm: the reference that the form gave.")
@as_person
@as_json
@with_app
def file(app: App, wanted: str, confirm: bool, reference: str | None, who: str, as_json: bool) -> None:
    """File NOTICE (its number or reference): by mail, by the channel's interface, or by the form that you fill in.

    Without --confirm it shows exactly what would leave, to whom, with which files, and files nothing. With it, what
    left is kept with its proof, and the case is in takedown by your judgement; where a second approver is agreed, it
    waits for that person first.
    """
    if reference is not None and not confirm:
        raise Misused("--reference goes with --confirm: once the form is filled in")
    desk = Desk(
        config=app.config,
        catalogue=app.catalogue,
        engine=app.engine,
        media=app.media,
        gate=gate_of(app.config),
        now=utc_now,
    )
    out = prepare(desk, wanted)
    if not confirm:
        if as_json:
            print_json(_as_data(out))
        else:
            _show(app, out)
        return
    try:
        done = file_notice(desk, wanted, who=who, theirs=reference)
    except FilingFailed as error:
        left = "" if error.unknown else "; it is a draft as before, and its case stays in takedown"
        raise OutsideFailed(f"notice {out.view.id}: {error}{left}") from error
    if as_json:
        print_json(
            {**_as_data(out), "filed": True, "their_reference": done.view.their_reference, "refused": done.refused}
        )
    else:
        click.echo("\n".join(_told(out, done)))
    stamp(app)
    if done.refused:
        click.echo(f"mekiki: not taken for {_refused(done)}", err=True)
        raise SystemExit(PARTLY)


@click.command()
@click.argument("files", metavar="[FILE...]", nargs=-1, type=click.Path(exists=True, allow_dash=True, path_type=Path))
@click.option("--notice", "wanted", metavar="NOTICE", help="It answers this one: its number or reference.")
@click.option("--state", type=click.Choice(get_args(Told)), help="Put the notice into this state, because of it.")
@click.option("--reason", help="With --state refused: why; default: what the reply says.")
@as_person
@as_json
@with_app
def reply(
    app: App,
    files: tuple[Path, ...],
    wanted: str | None,
    state: Told | None,
    reason: str | None,
    who: str,
    as_json: bool,
) -> None:
    """Put what came back to its notice: mails (.eml), mailboxes (mbox), Maildir folders, or text from standard input.

    Each belongs to the notice whose mail it answers, or whose reference it names, ours or theirs. It is kept as it
    came; reading it twice changes nothing. What it seems to say is a guess: the state is yours to set.
    Exit code 4 when some belong to no notice, 1 when all do.
    """
    if reason is not None and state != "refused":
        raise Misused("--reason goes with --state refused")
    with app.snapshot() as session:
        number = notice(session, wanted).id if wanted is not None else None
    found = _messages(files)
    if state is not None or wanted is not None:
        found = _one(found)
    told: list[Taken] = []  # for programs alone: a mailbox may hold a hundred thousand
    count = lost = 0
    with reader() as sandbox:
        box = Letterbox(config=app.config, catalogue=app.catalogue, engine=app.engine, media=app.media, sandbox=sandbox)
        for message in found:
            one = take_reply(box, message, who=who, now=utc_now(), number=number, state=state, reason=reason or "")
            count, lost = count + 1, lost + (one.number is None)
            if as_json:
                told.append(one)
            else:
                _tell(one)
            _warn(app, one)
    if as_json:
        print_json(told)
    if not count:
        raise Misused("nothing was read: expected a mail, a mailbox, or text on standard input")
    if lost:
        raise SystemExit(FAILED if lost == count else PARTLY)


def _show(app: App, out: Outgoing) -> None:
    """Write what would leave, exactly, and what must happen before."""
    view, channel = out.view, out.channel
    lines = [f"notice {view.id} of case {view.case_id} to {channel.key}, about {about(view.actor, view.subject)}"]
    if out.letter is not None:
        letter, mail = out.letter, app.config.takedown.mail
        assert mail is not None  # else there is no letter
        lines += [
            f"  by mail through {mail.host}:{mail.port}, {len(letter.data) / 1024:.0f} kB",
            f"  From:    {letter.sender}",
            f"  To:      {', '.join(letter.to)}",
            *([f"  Cc:      {', '.join(letter.copies)}"] if letter.copies else []),
            f"  Subject: {inert(letter.subject, limit=300)}",
            *(f"  file:    {name}" for name in letter.files),
        ]
        lines += ["", *(f"  {line}" for line in _lines(out.notice.body))]
    elif out.call is not None:
        written = msgspec.json.format(out.call.body, indent=2).decode()
        lines += [f"  POST {screen(out.call.url)}", *(f"  {line}" for line in _lines(written))]
    else:
        lines += [f"  fill in the form at {screen(out.notice.url or '')}", *_form(app, out)]
    lines += ["", *(f"  note: {inert(one)}" for one in out.notice.notes)]
    lines += [f"  waits: {screen(one)}" for one in out.waits]
    click.echo("\n".join(lines).rstrip())
    again = f"mekiki takedown file {view.id} --confirm"
    click.echo("")
    if channel.way == "form":
        click.echo(
            "Addresses are shown so that nobody follows them by accident. To copy a value as it is to be filled in:"
        )
        click.echo(f"  mekiki takedown show {view.id} --field KEY")
        click.echo(f"Nothing was filed. Once you have filled it in: {again} --reference THEIRS")
    else:
        click.echo("Addresses are shown so that nobody follows them by accident; they leave as they are.")
        click.echo(f"Nothing was filed. To send it: {again}")


def _form(app: App, out: Outgoing) -> Iterator[str]:
    """Yield the fields of a form, ready to be copied, and where the files are."""
    for one in out.notice.fields:
        yield ""
        yield f"  {screen(one.label)} [{one.key}]" + (f": {screen(one.note)}" if one.note else "")
        if one.value is not None:
            yield from (f"    {line}" for line in _lines(one.value))
        elif not one.note:
            yield "    (nothing is known; it may stay empty)"
    if out.notice.attachments:
        yield ""
    for file in out.notice.attachments:
        yield f"  file: {screen(file.name)}, {file.bytes / 1024:.0f} kB, {app.media.path(file.sha256)}"


def _told(out: Outgoing, done: Filed) -> Iterator[str]:
    view = done.view
    how = {"form": "as a form", "email": f"by mail to {', '.join(done.to)}", "api": "by its interface"}[out.channel.way]
    theirs = f", their reference {screen(view.their_reference)}" if view.their_reference else ""
    yield f"notice {view.id} filed with {out.channel.key} {how}; our reference {view.reference}{theirs}"
    if done.answer:
        yield f"  the relay said: {done.answer}"
    if view.due_at is not None:
        why = "" if out.due else ", because nobody says how long it takes"
        yield f"  asked after on {view.due_at:%Y-%m-%d}{why}"


def _refused(done: Filed) -> str:
    return ", ".join(f"{screen(address)} ({code})" for address, code in done.refused.items())


def _as_data(out: Outgoing) -> dict[str, Any]:
    letter, call = out.letter, out.call
    return {
        "notice": out.view.id,
        "case": out.view.case_id,
        "channel": out.channel.key,
        "way": out.channel.way,
        "reference": out.notice.reference,
        "filed": False,
        "waits": out.waits,
        "to": letter.to if letter else (),
        "copies": letter.copies if letter else (),
        "subject": letter.subject if letter else out.notice.title,
        "body": out.notice.body,
        "url": call.url if call else out.notice.url,
        "request": msgspec.json.decode(call.body) if call else None,
        "fields": out.notice.fields,
        "files": out.notice.attachments,
        "notes": out.notice.notes,
    }


def _messages(files: tuple[Path, ...]) -> Iterator[Message]:
    """Yield the messages of files and folders; of standard input where none is named, or `-`."""
    for path in files or (Path("-"),):
        if str(path) == "-":
            if sys.stdin.isatty():
                click.echo("Paste what came back, then press Ctrl-D on a line of its own.", err=True)
            body = sys.stdin.buffer.read(LARGEST_MAIL)
            if body.strip():
                yield from messages_of("standard input", body)
            continue
        try:
            yield from messages_in(path)
        except OSError as error:
            raise Misused(f"{path}: cannot be read: {error.strerror}") from error


def _one(found: Iterator[Message]) -> Iterator[Message]:
    """Return the only message.

    Raises:
        Misused: there are more.
    """
    first, second = next(found, None), next(found, None)
    if second is not None:
        raise Misused("--notice and --state go with one message; these are several")
    return iter([first] if first is not None else [])


def _tell(one: Taken) -> None:
    """Write what became of a message to standard output."""
    if one.number is None:
        return
    by = {
        "message_id": "answers its mail",
        "reference": "names its reference",
        "their_reference": "names their reference",
        "person": "as you say",
    }[one.matched_by]
    lines = [
        f"{screen(one.name, limit=80)}: notice {one.number} ({by}), now {one.state}"
        + ("" if one.new else "; it was on record already")
    ]
    if one.sender or one.subject:
        machine = ", answered by a machine" if one.automatic else ""
        lines.append(f"  from {inert(one.sender or 'nobody', limit=100)}: {inert(one.subject, limit=120)}{machine}")
    if not one.returned:
        shown = screen(one.text, lines=True, limit=SHOWN).rstrip()
        lines += [f"  | {line}" for line in inert(shown, limit=SHOWN * 2, lines=True).split("\n")]
    if one.suggests is not None and one.suggests != one.state:
        lines.append(
            f"  it seems to say: {one.suggests}. If so: mekiki takedown state {one.number} {one.suggests}"
            + (" --reason …" if one.suggests == "refused" else "")
        )
    click.echo("\n".join(lines))


def _warn(app: App, one: Taken) -> None:
    """Write what a person has to know at once to standard error."""
    notes = [f"{screen(one.name, limit=80)}: {inert(note, limit=200)}" for note in one.notes]
    if one.number is None:
        notes.append(f"{screen(one.name, limit=80)}: no notice: {inert(one.why, limit=300)}")
    elif one.stranger:
        notes.append(
            f"notice {one.number}: this reply is from another domain ({inert(one.stranger, limit=100)}) than the "
            f"notice went to; it changed nothing. Where it is genuine: mekiki takedown state {one.number} acknowledged"
        )
    elif one.returned:
        what = "a copy of it" if one.copy else "IT"
        with app.snapshot() as session:
            view = notice(session, one.number)
        notes.append(f"notice {one.number}: {what} DID NOT ARRIVE at {inert(one.returned, limit=320)}")
        if not one.copy:
            notes.append(
                f"notice {one.number}: look for another address, then "
                f"mekiki takedown draft {view.case_id} --channel {view.channel} --again"
            )
    for note in notes:
        click.echo(f"mekiki: {note}", err=True)


def _lines(text: str) -> list[str]:
    """Return a text that leaves, line by line, as it may stand on a terminal."""
    return inert(text.rstrip(), lines=True).split("\n")
