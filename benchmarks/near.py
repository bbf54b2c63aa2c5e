"""Have we seen this before? Near ones among 10,000,000 pictures and texts: how fast, and are all found?

`python -m benchmarks.near --photos FOLDER [--counts 10000 … 10000000] [--postgres URL]` draws codes of that many
pictures and texts (`benchmarks.near_data`), plants real pictures and texts among them, and asks with edited copies.
Shelves are those of `storage.likeness`, written and read as the program does. Asked are one code, a picture (as it is,
mirrored, inside its margins), all crops of a picture, a text. Beside them in the same run: `IndexBinaryFlat`, which is
also what recall is counted against; from `--others` on down `IndexBinaryMultiHash`, `IndexBinaryHNSW` and, with
`--postgres`, bands of 16 bits in a B-tree.
"""

import argparse
import os
import random
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from benchmarks.copies import PHOTOS, photos
from benchmarks.near_data import Planted, bank, copies, pictures, rewritten, texts, written
from benchmarks.priority import told as told_priority
from benchmarks.priority import undisturbed
from detector.images.hash import PictureHash
from detector.images.likeness import CUT_RADIUS, RADIUS, Comparison, asked, codes, cut_asked, cut_codes
from detector.text_likeness import ALIKE, runs, shared, signature
from storage.likeness.files import Manifest, read_shelf, write_lists, write_manifest, write_tail
from storage.likeness.shelf import FORMS, Shelf

Codes = NDArray[np.uint8]
Search = Callable[[Sequence[bytes]], set[int]]


def array(values: Sequence[bytes]) -> Codes:
    """Return codes as rows."""
    return np.frombuffer(b"".join(values), dtype=np.uint8).reshape(len(values), -1)


def kept(folder: Path, name: str, values: Codes, ids: NDArray[np.int64]) -> Shelf:
    """Build a shelf as the program does, write it, and read it back; tell what that took."""
    wall, cpu = time.perf_counter(), time.process_time()
    shelf = Shelf(FORMS[name])
    shelf.extend(ids, values)
    if shelf.due:
        shelf.into_lists()
    lists = {name: write_lists(folder, name, shelf)} if shelf.base is not None else {}
    manifest = Manifest(lists=lists, tails={name: write_tail(folder, name, shelf)})
    write_manifest(folder, manifest)
    spent = f"{time.perf_counter() - wall:.1f} s ({time.process_time() - cpu:.1f} s CPU)"
    del shelf
    size = sum(path.stat().st_size for path in folder.glob(f"{name}-*")) / 1e6
    wall = time.perf_counter()
    shelf = read_shelf(folder, manifest, name)
    print(f"  {name}: {len(shelf):,} codes built in {spent}, {size:,.0f} MB, read and checked in "
          f"{(time.perf_counter() - wall) * 1000:.0f} ms", flush=True)  # fmt: skip
    return shelf


def flat_search(index: Any, radius: int) -> Search:
    """Search exhaustively."""

    def search(wanted: Sequence[bytes]) -> set[int]:
        return set(index.range_search(array(wanted), radius + 1)[2].tolist())

    return search


def timed(title: str, search: Search, questions: Sequence[Sequence[bytes]]) -> list[set[int]]:
    """Ask one by one, and print quantiles of wall and CPU time."""
    for question in questions[:3]:
        search(question)
    answers, walls, cpus = [], [], []
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    with undisturbed():
        for question in questions:
            wall, cpu = time.perf_counter(), time.process_time()
            answers.append(search(question))
            walls.append((time.perf_counter() - wall) * 1000)
            cpus.append((time.process_time() - cpu) * 1000)
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - faults
    told = " / ".join(f"{np.quantile(walls, share):.2f}" for share in (0.5, 0.95, 0.99))
    told_cpu = " / ".join(f"{np.quantile(cpus, share):.2f}" for share in (0.5, 0.95, 0.99))
    print(f"    {title:34} wall {told} ms, CPU {told_cpu} ms (p50 / p95 / p99, {len(questions)} asked), "
          f"{faults / max(1, len(questions)):.0f} page faults each", flush=True)  # fmt: skip
    return answers


def recall(found: Sequence[set[int]], truth: Sequence[set[int]], planted: Sequence[int]) -> str:
    """Say which share of all within the radius was found, and of the planted ones that are within it."""
    everything = sum(map(len, truth))
    hits = sum(len(one & other) for one, other in zip(found, truth, strict=True))
    own = [(row in one) for one, other, row in zip(found, truth, planted, strict=True) if row in other]
    share = hits / max(1, everything)
    return f"recall {np.mean(own):.4f} of {len(own)} planted copies, {share:.4f} of {everything:,} within"


def search_pictures(folder: Path, fine: Codes, cuts: Codes, planted: Sequence[Planted], others: bool) -> None:
    """Ask for copies of pictures."""
    ids = np.arange(len(fine), dtype=np.int64)
    shelf = kept(folder, "picture", fine, ids)
    flat = faiss.IndexBinaryFlat(256)
    flat.add(fine)
    single, whole, rows = [], [], []
    for one in planted:
        if (wanted := list(asked(one.copy))) and "crop" not in one.edit:
            single.append(wanted[:1] if one.edit != "mirrored" else wanted[1:2])
            whole.append(wanted)
            rows.append(one.row)
    for title, questions in (("one code", single), ("a picture", whole)):
        truth = timed(f"{title}: exhaustive (faiss)", flat_search(flat, RADIUS), questions)
        found = timed(f"{title}: lists", lambda wanted: set(shelf.near(wanted)), questions)
        print(f"      {recall(found, truth, rows)}", flush=True)
    if others:
        for name, index in other_indexes():
            wall = time.perf_counter()
            index.add(fine)
            print(f"    {name} built in {time.perf_counter() - wall:.1f} s", flush=True)
            search: Search
            if "HNSW" in name:
                search = lambda wanted, index=index: set(index.search(array(wanted), 100)[1].ravel().tolist())  # type: ignore[misc]  # noqa: E731
            else:
                search = flat_search(index, RADIUS)
            found = timed(f"one code: {name}", search, single)
            truth = [flat_search(flat, RADIUS)(question) for question in single]
            print(f"      {recall(found, truth, rows)}", flush=True)
    del flat, shelf
    shelf = kept(folder, "cut", cuts.reshape(-1, 8), np.repeat(ids, 2))
    flat = faiss.IndexBinaryFlat(64)
    flat.add(cuts.reshape(-1, 8))
    cropped = [one for one in planted if "crop" in one.edit and one.copy.protectable and not one.copy.plain]
    questions = [list(cut_asked(one.copy)) for one in cropped]
    found = timed("all crops of a picture: lists", lambda wanted: set(shelf.near(wanted)), questions)
    few = questions[: 20 if len(fine) < 5_000_000 else 6]
    exhaustive = flat_search(flat, CUT_RADIUS)
    truth = [{row // 2 for row in answer} for answer in timed("all crops of a picture: exhaustive", exhaustive, few)]
    print(f"      {recall(found[: len(few)], truth, [one.row for one in cropped[: len(few)]])}", flush=True)


def proposed(originals: Sequence[PictureHash], planted: Sequence[Planted]) -> None:
    """Print, by edit, which share of the copies that the comparison knows the codes propose."""
    shares: dict[str, list[tuple[bool, bool]]] = {}
    for one in planted:
        known = originals[one.row]
        if Comparison(one.copy).with_picture(known) is not None:
            fine = _near(list(asked(one.copy)), list(codes(known)), RADIUS)
            cut = _near(list(cut_asked(one.copy)), list(cut_codes(known)), CUT_RADIUS)
            shares.setdefault(one.edit, []).append((fine, fine or cut))
    for edit, found in shares.items():
        fine, both = np.mean(found, axis=0)
        print(f"  {edit:28} {len(found):3} known, proposed {fine:.3f} by the finer hash, {both:.3f} with crops")


def _near(wanted: list[bytes], kept: list[bytes], radius: int) -> bool:
    if not wanted or not kept:
        return False
    return bool(np.bitwise_count(array(wanted)[:, None] ^ array(kept)[None]).sum(axis=2).min() <= radius)


def other_indexes() -> list[tuple[str, Any]]:
    """Return the other binary indexes of faiss."""
    return [
        ("MultiHash 16 x 16 bits, 1 turned", _multi(1)),
        ("MultiHash 16 x 16 bits, 2 turned", _multi(2)),
        ("HNSW, 16 links, 100 nearest", _graph()),
    ]


def _multi(turned: int) -> Any:
    index = faiss.IndexBinaryMultiHash(256, 16, 16)
    index.nflip = turned
    return index


def _graph() -> Any:
    index = faiss.IndexBinaryHNSW(256, 16)
    index.hnsw.efSearch = 200
    return index


def search_texts(folder: Path, values: Codes, originals: Sequence[str], draw: random.Random) -> None:
    """Ask for texts of one template."""
    shelf = kept(folder, "text", values, np.arange(len(values), dtype=np.int64))
    flat = faiss.IndexBinaryFlat(256)
    flat.add(values)
    questions, rows, common = [], [], []
    for row, text in enumerate(originals):
        again = rewritten(text, draw)
        both = shared(runs(text), runs(again))
        code = signature(runs(again))
        if both >= ALIKE and code is not None:
            questions.append([code])
            rows.append(row)
            common.append(both)
    print(f"    texts rewritten share {np.quantile(common, 0.1):.2f} to {np.quantile(common, 0.9):.2f} (nine in ten)")
    truth = timed("a text: exhaustive (faiss)", flat_search(flat, FORMS["text"].radius), questions)
    found = timed("a text: lists", lambda wanted: set(shelf.near(wanted)), questions)
    beyond = np.mean([row in one for one, row in zip(found, rows, strict=True)])
    print(f"      {recall(found, truth, rows)}; {beyond:.4f} of those that share {ALIKE}", flush=True)


def search_postgres(url: str, values: Codes, planted: Sequence[Planted]) -> None:
    """Ask PostgreSQL by bands of 16 bits: a row for each, one of whose bits may differ."""
    import psycopg

    bands = values.view(">u2").astype(np.int32) - 32768
    questions = [next(iter(asked(one.copy))) for one in planted if one.copy.protectable and one.edit == "JPEG 20"]
    rows = [one.row for one in planted if one.copy.protectable and one.edit == "JPEG 20"]
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        wall = time.perf_counter()
        cursor.execute("CREATE TEMP TABLE bands (band smallint, value smallint, id integer)")
        with cursor.copy("COPY bands FROM STDIN") as copy:
            for band in range(16):
                for start in range(0, len(bands), 50_000):
                    lines = [
                        f"{band}\t{value}\t{start + row}"
                        for row, value in enumerate(bands[start : start + 50_000, band])
                    ]
                    copy.write("\n".join(lines) + "\n")
        cursor.execute("CREATE INDEX ON bands (band, value) INCLUDE (id)")
        cursor.execute("ANALYZE bands")
        cursor.execute("SELECT pg_total_relation_size('bands')")
        [size] = cursor.fetchone() or [0]
        print(f"    PostgreSQL: built in {time.perf_counter() - wall:.1f} s, {size / 1e6:,.0f} MB", flush=True)

        def search(wanted: Sequence[bytes]) -> set[int]:
            own = np.frombuffer(wanted[0], dtype=">u2").astype(np.int32)
            parts = []
            for band, value in enumerate(own.tolist()):
                near = {value, *(value ^ (1 << bit) for bit in range(16))}
                inside = ",".join(str(one - 32768) for one in near)
                parts.append(f"SELECT id FROM bands WHERE band = {band} AND value IN ({inside})")
            cursor.execute(" UNION ".join(parts).encode())
            found = np.array([row[0] for row in cursor.fetchall()], dtype=np.int64)
            query = np.frombuffer(wanted[0], dtype=np.uint8).view(np.uint64)
            distances = np.bitwise_count(values[found].view(np.uint64) ^ query).sum(axis=1)
            return set(found[distances <= RADIUS].tolist())

        found = timed("one code: PostgreSQL, 17 x 16 bands", search, [[one] for one in questions])
        share = np.mean([row in one for one, row in zip(found, rows, strict=True)])
        print(f"      found {share:.4f} of the JPEG 20 copies", flush=True)


def main() -> None:
    """Draw, build, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, nargs="+", default=PHOTOS)
    parser.add_argument("--counts", type=int, nargs="*", default=[10_000, 100_000, 1_000_000, 10_000_000])
    parser.add_argument("--windows", type=int, default=150, help="of photos; those that can be told apart are planted")
    parser.add_argument("--others", type=int, default=100_000, help="up to so many, the other indexes are built, too")
    parser.add_argument("--postgres", help="URL of a database; bands are built up to --others")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    faiss.omp_set_num_threads(options.threads)
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, load {os.getloadavg()[0]:.1f}, timed with {told_priority()}")
    draw, bits = random.Random(2026), np.random.default_rng(2026)
    files = photos(options.photos)
    originals, planted = [], list[Planted]()
    for known, edited in copies(files, options.windows, draw):
        originals.append(known)
        planted += edited
    proposed(originals, planted)
    windows = bank(files, 20_000, draw)
    print(f"{len(originals)} pictures planted, {len(planted)} copies, {len(windows):,} windows in the background")
    for count in options.counts:
        print(f"{count:,} pictures and texts", flush=True)
        fine, cuts = np.empty((count, 32), dtype=np.uint8), np.empty((count, 2, 8), dtype=np.uint8)
        done = 0
        for some, cut in pictures(windows, count, bits):
            fine[done : done + len(some)], cuts[done : done + len(some)] = some, cut
            done += len(some)
        places = bits.choice(count, len(originals), replace=False)
        for place, known in zip(places, originals, strict=True):
            fine[place] = array(list(codes(known))[:1])
            both = list(cut_codes(known)) or [bytes(8)]
            cuts[place] = array([both[0], both[-1]])
        moved = [replace(one, row=int(places[one.row])) for one in planted]
        with TemporaryDirectory() as folder:
            search_pictures(Path(folder), fine, cuts, moved, count <= options.others)
            if options.postgres and count <= options.others:
                search_postgres(options.postgres, fine, moved)
            del fine, cuts
            values = np.concatenate(list(texts(count, bits)))
            ads = [written(draw) for _ in range(500)]
            for row, text in enumerate(ads):
                values[row] = array([signature(runs(text)) or bytes(32)])
            search_texts(Path(folder), values, ads, draw)
            del values
        print(f"  memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB at most", flush=True)


if __name__ == "__main__":
    main()
