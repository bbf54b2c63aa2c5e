"""Looking: what the eye for pictures sees."""

from collections.abc import Iterator
from pathlib import Path

import click

from console.app import PARTLY, App, Misused, Stop, as_json, print_json, with_app
from console.logo_bench import LogoAnswer, bench, false_alarms
from desk.logos import PictureAnswer, framed, look
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
    written: set[Path] = set()
    with Sandbox(workers=1) as sandbox:
        for path in pictures:
            answer = look(path, profiles.brands, sandbox)
            if answer.refused:
                failed = True
                click.echo(f"mekiki: {path}: {screen(answer.refused)}", err=True)
                continue
            target = _written(answer, out or path.parent, written, marks=marks)
            written.add(target)
            if as_json:
                print_json(answer.as_json(target))
            else:
                _tell(answer, target)
    if failed:
        raise SystemExit(PARTLY)


def _written(answer: PictureAnswer, folder: Path, others: set[Path], *, marks: bool) -> Path:
    """Write the framed picture, beside those of pictures of the same name from other folders."""
    target = folder / f"{answer.path.stem}-logos.png"
    number = 2
    while target in others:
        target, number = folder / f"{answer.path.stem}-{number}-logos.png", number + 1
    try:
        folder.mkdir(parents=True, exist_ok=True)
        target.write_bytes(framed(answer, marks=marks))
    except OSError as error:
        raise Stop(f"{target} cannot be written: {error.strerror}") from error
    return target


def _tell(answer: PictureAnswer, target: Path) -> None:
    found = ", ".join(f"{hit.brand} ({hit.logo}, {hit.score:.2f})" for hit in answer.hits) or "no protected logo"
    click.echo(screen(f"{answer.path}: {found}; {answer.marks} places looked at; see {target}"))


@logos_group.command("bench")
@click.option("--brand", "only", multiple=True, help="Only the logos of this brand (may be repeated).")
@click.option("--pictures", type=click.IntRange(8, 400), default=32, show_default=True, help="Drawn for each logo.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of what is drawn.")
@as_json
@with_app
def logos_bench(app: App, only: tuple[str, ...], pictures: int, seed: int, as_json: bool) -> None:
    """Draw every logo of the configuration into pictures and say how often it is found, by size and change."""
    if unknown := set(only) - {brand.key for brand in app.config.brand}:
        raise Misused(f"there is no brand {sorted(unknown)[0]!r}")
    files = [
        (brand.key, file)
        for brand in app.config.brand
        if not only or brand.key in only
        for path in brand.logos
        for file in (sorted(path.iterdir()) if path.is_dir() else [path])
    ]
    if not files:
        raise Stop("no brand has a logo: name SVG or PNG files under `logos` of a [[brand]]")
    brands = app.profiles().brands
    with Sandbox(workers=1, cpu_seconds=60, wall_seconds=120) as sandbox:
        answers = []
        for answer in bench(files, brands, sandbox, pictures=pictures, seed=seed):
            answers.append(answer)
            if not as_json:
                for line in _bench_lines(answer):
                    click.echo(screen(line))
        alarms = false_alarms(brands, sandbox, pictures=pictures, seed=seed)
    if as_json:
        print_json({"logos": answers, "without_logo": pictures, "false_alarms": dict(alarms)})
    else:
        wrong = ", ".join(f"{brand} {count}" for brand, count in alarms.most_common()) or "none"
        click.echo(screen(f"reported in {pictures} pictures without a logo: {wrong}"))
    if any(answer.refused for answer in answers):
        raise SystemExit(PARTLY)


def _bench_lines(answer: LogoAnswer) -> Iterator[str]:
    """Say how one logo went: by shorter side in pixels, then by change, then what it was taken for."""
    name = f"{answer.brand} {answer.logo}"
    if answer.refused:
        yield f"{name}: {answer.refused}"
        return
    shares = {group: f"{group} {answer.found[group]}/{answer.shown[group]}" for group in answer.shown}
    sizes = sorted((group for group in shares if group[0].isdigit()), key=lambda group: int(group.partition("-")[0]))
    yield f"{name}: found by pixels of the shorter side: {', '.join(shares[group] for group in sizes)}"
    yield f"  by change: {', '.join(share for group, share in shares.items() if group not in sizes)}"
    if answer.taken_for:
        others = ", ".join(f"{brand} {count}" for brand, count in answer.taken_for.most_common())
        yield f"  another brand was reported: {others}"
