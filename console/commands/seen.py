"""Seen before: what looks or reads like a file, a text, an item or a case; and the index that is searched."""

from hashlib import sha256
from pathlib import Path

import click

from console.app import App, Misused, Stop, as_json, print_json, utc_now, with_app
from console.seen_page import seen_page
from console.show import terminal
from desk.scan import ScanError, looks_like_url, path_like, targets
from detector.text_likeness import LEAST_RUNS, words_of
from safety.sandbox import Sandbox
from safety.screen import screen
from spiders.eye import Eye
from storage.likeness import open_index
from storage.likeness.index import KINDS, make_anew
from storage.seen_before import Asked, AskedPicture, asked_of_case, asked_of_item, seen_before

ITEM = "item:"


@click.command()
@click.argument("target", metavar="TARGET")
@click.option("--most", type=click.IntRange(1, 1000), default=10, show_default=True, help="Most cases shown.")
@as_json
@with_app
def seen(app: App, target: str, most: int, as_json: bool) -> None:
    """Say what was seen before that looks or reads like TARGET: items, their cases, and what people decided.

    TARGET is a file (picture, video, HTML, Item JSON, text), the number of a case, item:NUMBER, or a text.
    """
    asked = _asked(app, target)
    if not asked.pictures and not asked.texts:
        raise Misused(f"{target[:100]}: there is no picture and no text to look up")
    kinds = [kind for kind in KINDS if getattr(asked, kind)]
    index = open_index(app.engine, app.config.storage.index, now=utc_now(), say=_tell, kinds=kinds)
    with app.snapshot() as session:
        found = seen_before(session, index, asked)
    for name in found.unusable:
        _tell(_says_too_little(name, asked))
    if as_json:
        print_json(found)
    else:
        terminal().print(seen_page(found, most=most))


def _tell(line: str) -> None:
    click.echo(f"mekiki: {screen(line)}", err=True)


def _says_too_little(name: str, asked: Asked) -> str:
    if name in asked.texts:
        return f"the text {name[:40]!r} says too little to be looked up (fewer than {LEAST_RUNS} runs of letters)"
    return f"the picture {name[:200]} shows too little to be told from others: only the very same file is found"


def _asked(app: App, target: str) -> Asked:
    number = target.removeprefix(ITEM)
    if number.isascii() and number.isdigit() and len(number) < 19 and not Path(target).exists():
        with app.snapshot() as session:
            if target.startswith(ITEM):
                return asked_of_item(session, int(number))
            return asked_of_case(session, int(number))
    if target.startswith(ITEM):
        raise Misused(f"{target[:100]}: expected {ITEM}NUMBER, as `mekiki cases why CASE` tells them")
    if looks_like_url(target.strip()) and not path_like(target) and not Path(target).exists():
        raise Misused(f"{target[:100]}: an address has no picture and no text; `mekiki scan` judges it")
    try:
        with Sandbox(workers=1) as sandbox, Eye(sandbox, words=False) as eye:
            found = targets(target, eye)
    except ScanError as error:
        raise Stop(str(error)) from error
    pictures = [
        AskedPicture(name=name, hash=known, sha256=_sum(target, name))
        for one in found
        for name, known in one.pictures.items()
    ]
    texts = dict.fromkeys(words for one in found if (words := words_of(one.item)))
    return Asked(pictures=tuple(pictures), texts=tuple(texts))


def _sum(target: str, name: str) -> str | None:
    """Return the SHA-256 of a picture beside the file that names it; None for a frame of a video."""
    path = Path(target)
    path = path if path.name == name else path.parent / name
    return sha256(path.read_bytes()).hexdigest() if path.is_file() else None


@click.command("index")
@click.option("--rebuild", is_flag=True, help="Make it anew from nothing but the database.")
@with_app
def db_index(app: App, rebuild: bool) -> None:
    """Bring the index that `mekiki seen` searches up to date, or make it anew. Lost or damaged it makes itself anew."""
    folder = app.config.storage.index
    if rebuild:
        make_anew(app.engine, folder, now=utc_now(), say=_tell)
    index = open_index(app.engine, folder, now=utc_now(), say=_tell)
    pictures, texts = len(index.shelves["picture"]), len(index.shelves["text"])
    click.echo(f"the index has {pictures:,} codes of pictures and {texts:,} of texts")
