"""Looking: what the eye for pictures sees."""

from pathlib import Path

import click

from console.app import PARTLY, App, Stop, as_json, print_json, with_app
from console.logos import PictureAnswer, framed, look
from safety.sandbox import Sandbox
from safety.screen import screen

PICTURE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("logos")
def logos_group() -> None:
    """Try the eye for logos on pictures in hand."""


@logos_group.command("test")
@click.argument("pictures", metavar="PICTURE...", nargs=-1, required=True, type=PICTURE)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder for the framed pictures.")
@click.option("--marks", is_flag=True, help="Frame everything that could be a mark, too.")
@as_json
@with_app
def logos_test(app: App, pictures: tuple[Path, ...], out: Path | None, marks: bool, as_json: bool) -> None:
    """Say which protected logos are in PICTURE, and write it with their boxes as PNG beside it (or into --out)."""
    profiles = app.profiles()
    if not any(picture.looks for brand in profiles.brands for picture in brand.pictures):
        raise Stop("no brand has a logo: name SVG or PNG files under `logos` of a [[brand]]")
    failed = False
    with Sandbox(workers=1) as sandbox:
        for path in pictures:
            answer = look(path, profiles.brands, sandbox)
            if answer.refused:
                failed = True
                click.echo(f"mekiki: {path}: {screen(answer.refused)}", err=True)
                continue
            target = _written(answer, out or path.parent, marks=marks)
            if as_json:
                print_json(answer.as_json(target))
            else:
                _tell(answer, target)
    if failed:
        raise SystemExit(PARTLY)


def _written(answer: PictureAnswer, folder: Path, *, marks: bool) -> Path:
    target = folder / f"{answer.path.stem}-logos.png"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        target.write_bytes(framed(answer, marks=marks))
    except OSError as error:
        raise Stop(f"{target} cannot be written: {error.strerror}") from error
    return target


def _tell(answer: PictureAnswer, target: Path) -> None:
    found = ", ".join(f"{hit.brand} ({hit.logo}, {hit.score:.2f})" for hit in answer.hits) or "no protected logo"
    click.echo(screen(f"{answer.path}: {found}; {answer.marks} places looked at; see {target}"))
