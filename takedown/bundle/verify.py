#!/usr/bin/env python3
"""Check an evidence bundle offline: python -I verify.py [FOLDER or ZIP] [--language ja|en]

Needs Python 3.8 or later and nothing else; runs nothing of the bundle (with -I: nor what somebody put beside this file
under the name of a library), writes nothing, asks no network. Checked are:
1. every file against MANIFEST.sha256 and manifest.json; no file is missing, none was added;
2. the chain of custody and the log of the case: each hash is computed anew, each row must follow the one before it;
3. each manifest of a piece of evidence: its files are here, its facts are those that visits.jsonl tells;
4. the records of WARC files against their digests;
5. each time stamp (RFC 3161): it is about its manifest. Who made it, `openssl ts -verify` tells; the command is shown.
Exit code 0: nothing is wrong; 1: something is, and is named; 2: this is no bundle, or it cannot be read.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import re
import stat
import sys
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator

LIST, DETAIL = "MANIFEST.sha256", "manifest.json"
LARGEST = 64 * 2**20  # bytes of what is read whole: a list, a line, a manifest
LARGEST_FILE = 2**40  # bytes of a file that no list tells the size of
LARGEST_WARC = 2**34  # bytes of a WARC file once it is unpacked
MOST_FILES = 200_000
MOST_WRONG = 10_000  # lines about what is wrong that are kept; more are counted
MOST_SAID = 200  # of them that are written
MOST_UNREADABLE = 100  # lines of a file of records, before it is given up
MOST_TWINS = 100  # rows of custody among which a swapped one is looked for
MOST_FIELDS = 1000  # in the head of a WARC record
MOST_NOTED = 20  # of one kind of what is worth knowing
ZEROS = "0" * 64
ADDED = "is not a part of the bundle; it was added"
UNREADABLE = (OSError, KeyError, RuntimeError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error)
ODD = (
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)  # of JSON that is not as it should be
DROPPED = {".DS_Store", "Thumbs.db", "desktop.ini"}  # what file managers leave in folders that they show
SHA256 = bytes.fromhex("608648016503040201")  # its object id in DER
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)*")
WORDS = {
    "en": {
        "head": "Evidence bundle of case {case} ({brand}), made {at} with {tool}",
        "well": "ALL WELL: {files} files, {manifests} manifests, {rows} rows of custody (the chain ends at {head}), "
        "{entries} entries of case logs, {records} WARC records, {stamps} time stamps",
        "wrong": "{count} WRONG: this bundle is not as it was made",
        "more": "... and {count} more",
        "stamp": "Time stamp {at} of {authority}; who made it, this tells:\n"
        "  openssl ts -verify -data {manifest} -in {path} -CAfile ROOTS.pem",
        "pending": "{count} time stamps were still to come when the bundle was made",
        "lost": "{role} {sha256} of {of}: was not there already when the bundle was made ({why})",
        "dropped": "{name}: left here by a file manager, not a part of the bundle",
    },
    "ja": {
        "head": "案件 {case}({brand})の証拠一式、作成 {at}、{tool}",
        "well": "すべて一致:ファイル {files}、マニフェスト {manifests}、証拠保管の記録 {rows}(連鎖の末尾 {head})、"
        "案件の記録 {entries}、WARC レコード {records}、タイムスタンプ {stamps}",
        "wrong": "不一致 {count} 件:この証拠一式は作成時と異なります",
        "more": "... ほか {count} 件",
        "stamp": "タイムスタンプ {at}、{authority}。発行者の確認は次のコマンドで:\n"
        "  openssl ts -verify -data {manifest} -in {path} -CAfile ROOTS.pem",
        "pending": "作成時に未取得のタイムスタンプ:{count} 件",
        "lost": "{of} の {role} {sha256}:作成時にすでにありませんでした({why})",
        "dropped": "{name}:ファイル管理ソフトが残したもので、証拠一式には含まれません",
    },
}


class Unusable(Exception):
    """This is no bundle, or it cannot be read at all."""


class Folder:
    """A bundle that was unpacked; links and whatever else is no plain file are not followed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.odd: list[tuple[str, str]] = []
        self.sizes: dict[str, int] = {}
        for folder, folders, names in os.walk(root):
            for path in sorted(Path(folder, name) for name in folders + names):
                inside, found = path.relative_to(root).as_posix(), path.lstat()
                if stat.S_ISREG(found.st_mode) and (NAME.fullmatch(inside) or path.name in DROPPED):
                    self.sizes[inside] = found.st_size
                elif not stat.S_ISDIR(found.st_mode):
                    plain = stat.S_ISREG(found.st_mode)
                    self.odd.append((inside, ADDED if plain else "is no plain file; it is not followed"))

    def open(self, name: str) -> BinaryIO:
        return (self.root / name).open("rb")


class Archive:
    """A bundle as a ZIP file; nothing is unpacked to the disk."""

    def __init__(self, path: Path) -> None:
        self.zip = zipfile.ZipFile(path)
        self.odd: list[tuple[str, str]] = []
        self.sizes: dict[str, int] = {}
        members = self.zip.infolist()
        if len(members) > MOST_FILES:
            raise Unusable("holds too many files")
        if sum(member.compress_size for member in members) > path.stat().st_size:
            raise Unusable("its files overlap: it was made to overwhelm who unpacks it")
        for member in members:
            name = member.filename
            if name in self.sizes:
                self.odd.append((name, "is there twice"))
            elif not NAME.fullmatch(name) or "\\" in member.orig_filename:
                self.odd.append((name, "has a name that no bundle has; do not unpack this file"))
            elif member.flag_bits & 1 or stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
                self.odd.append((name, "is no plain file; do not unpack this file"))
            else:
                self.sizes[name] = member.file_size

    def open(self, name: str) -> BinaryIO:
        return self.zip.open(name)  # type: ignore[return-value]


def digest_of(row: dict[str, Any], *without: str, **instead: Any) -> str:
    """Return the SHA-256 of a row's canonical JSON; nothing where it holds what no row does."""
    value = {**{key: row[key] for key in row if key not in without}, **instead}
    try:
        text = json.dumps(value, allow_nan=False, sort_keys=True, separators=(",", ":"))
    except ODD:
        return ""
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def shown(text: Any) -> str:
    """Return text that no terminal takes for a command."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in str(text)[:500])


class Check:
    """One look at a bundle."""

    def __init__(self, source: Any) -> None:
        self.source = source
        self.wrong: dict[str, None] = {}  # lines, each once
        self.uncounted = 0  # that are not kept
        self.notes: list[tuple[str, dict[str, Any]]] = []
        self.counts = dict.fromkeys(("files", "manifests", "rows", "entries", "records", "stamps"), 0)
        self.hashes: dict[str, str] = {}  # of files, as they are
        self.facts: dict[str, str] = {}  # of manifests, by their SHA-256: the digest of the visit that they tell of
        self.lost: set[str] = set()  # SHA-256 of what was missing already
        self.here: set[str] = set()  # SHA-256 of what is here, or was missing already
        self.head = ""
        self.detail: dict[str, Any] = {}

    def say(self, where: str, what: str) -> None:
        if len(self.wrong) < MOST_WRONG:
            self.wrong[f"{shown(where)}: {shown(what)}"] = None
        else:
            self.uncounted += 1

    def run(self) -> None:
        for name, what in self.source.odd:
            self.say(name, what)
        self.compare(self.read_list(), self.read_detail())
        for one in self.rows_of("missing"):
            self.lost.add(str(one.get("sha256")))
            self.notes.append(("lost", {key: one.get(key) for key in ("role", "sha256", "of", "why")}))
        for where, step in (
            ("manifests", self.check_manifests),
            ("visits.jsonl", self.check_visits),
            ("custody.jsonl", self.check_custody),
            ("case_log.jsonl", self.check_log),
            ("stamps", self.check_stamps),
        ):
            try:
                step()
            except ODD:
                self.say(where, f"not as a bundle has it, here or in {DETAIL}")
        for name in sorted(self.hashes):
            if name.endswith(".warc.gz"):
                self.check_warc(name)

    # --- files --------------------------------------------------------------------------------------------------

    def read(self, name: str) -> bytes:
        """Return a file that is read whole; nothing, and a word about it, where that cannot be done."""
        try:
            with self.source.open(name) as stream:
                data: bytes = stream.read(LARGEST + 1)
        except UNREADABLE:
            self.say(name, "missing" if name not in self.source.sizes else "cannot be read")
            return b""
        if len(data) > LARGEST:
            self.say(name, "is too large")
            return b""
        return data

    def read_list(self) -> dict[str, str]:
        listed: dict[str, str] = {}
        lines = self.read(LIST).split(b"\n")
        for number, line in enumerate(lines, 1):
            found = re.fullmatch(rb"([0-9a-f]{64})  ([!-~]+)", line)
            if found and NAME.fullmatch(found[2].decode()) and found[2].decode() not in listed:
                listed[found[2].decode()] = found[1].decode()
            elif line or number != len(lines):
                self.say(LIST, f"line {number} was changed")
        return listed

    def read_detail(self) -> dict[str, tuple[str, int]]:
        try:
            detail = json.loads(self.read(DETAIL) or b"{}")
            self.detail = detail if isinstance(detail, dict) else {}
            return {str(one["path"]): (str(one["sha256"]), int(one["bytes"])) for one in self.rows_of("files")}
        except ODD:
            self.say(DETAIL, "cannot be read")
            return {}

    def rows_of(self, key: str) -> list[dict[str, Any]]:
        rows = self.detail.get(key)
        return [one for one in rows if isinstance(one, dict)] if isinstance(rows, list) else []

    def compare(self, listed: dict[str, str], told: dict[str, tuple[str, int]]) -> None:
        """Look for every file that is listed, and for those that are not."""
        for name in sorted({*listed, *told, *self.source.sizes} - {LIST}):
            if name not in listed and name not in told:
                if name.rpartition("/")[2] in DROPPED:
                    self.notes.append(("dropped", {"name": shown(name)}))
                else:
                    self.say(name, ADDED)
                continue
            if name not in self.source.sizes:
                self.say(name, "missing")
                continue
            first, (second, size) = listed.get(name), told.get(name, ("", LARGEST if name == DETAIL else LARGEST_FILE))
            found = self.hash(name, size)
            if found is None:
                continue
            self.hashes[name] = found
            self.counts["files"] += 1
            if name == DETAIL:
                if found != first:
                    self.say(DETAIL, f"was changed, or its line in {LIST} was")
            elif found not in (first, second):
                self.say(name, f"was changed: its SHA-256 is {found}")
            elif first is None:
                self.say(LIST, f"does not list {name}")
            elif first != found:
                self.say(LIST, f"the line of {name} was changed")
            elif told and second != found:
                self.say(DETAIL, f"does not list {name} with its SHA-256")

    def hash(self, name: str, size: int) -> str | None:
        """Return the SHA-256 of a file, never reading more than it should hold."""
        if name in self.source.sizes and self.source.sizes[name] > size:
            self.say(name, f"was changed: has {self.source.sizes[name]} bytes, not {size}")
            return None
        whole, length = hashlib.sha256(), 0
        try:
            with self.source.open(name) as stream:
                for chunk in iter(lambda: stream.read(2**20), b""):
                    length += len(chunk)
                    if length > size:
                        self.say(name, f"was changed: is longer than {size} bytes")
                        return None
                    whole.update(chunk)
        except UNREADABLE:
            self.say(name, "was changed: it cannot be read")
            return None
        return whole.hexdigest()

    def lines(self, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield the numbered lines of a file of records, and name those that cannot be read."""
        if name not in self.hashes:
            return
        unreadable = 0
        with self.source.open(name) as stream:
            for number, line in enumerate(iter(lambda: stream.readline(LARGEST), b""), 1):
                try:
                    value = json.loads(line)
                    if not isinstance(value, dict):
                        raise ValueError
                except ODD:
                    unreadable += 1
                    self.say(name, f"line {number} cannot be read")
                    if unreadable == MOST_UNREADABLE:
                        self.say(name, "too many lines cannot be read; the rest was not looked at")
                        return
                    continue
                yield number, value

    # --- evidence -----------------------------------------------------------------------------------------------

    def check_manifests(self) -> None:
        """Look for the files of each manifest."""
        self.here = {*self.hashes.values(), *self.lost}
        for name in sorted(self.hashes):
            if not name.startswith("manifests/"):
                continue
            address = name[len("manifests/") : -len(".json")]
            if self.hashes[name] != address or address in self.lost:
                continue  # told already
            self.counts["manifests"] += 1
            try:
                manifest = json.loads(self.read(name))
                facts = manifest["facts"]
                self.facts[address] = digest_of(facts, evidence=address) if isinstance(facts, dict) else ""
                for one in manifest["files"]:
                    if one["sha256"] not in self.here:
                        self.say(name, "its file {} ({}) is not here".format(one["name"], one["sha256"]))
            except ODD:
                self.say(name, "is no manifest")

    def check_visits(self) -> None:
        for number, visit in self.lines("visits.jsonl"):
            manifest = visit.get("evidence")
            if manifest is None or manifest in self.lost:
                continue
            where = f"visits.jsonl line {number}"
            if manifest not in self.facts:
                self.say(where, f"its manifest {manifest} is not here")
            elif not self.facts[manifest] or self.facts[manifest] != digest_of(visit):
                self.say(where, f"is not what its manifest {manifest} says")

    def check_custody(self) -> None:
        """Compute each row anew and look for gaps, edits and swaps."""
        position, before, linked = 0, ZEROS, True
        suspects: list[tuple[dict[str, Any], int]] = []
        for line, row in self.lines("custody.jsonl"):
            try:
                others, said = "others" in row, str(row["hash"])
                first, last = map(int, row["others"] if others else (row["number"], row["number"]))
            except ODD:
                self.say("custody.jsonl", f"line {line} is no row")
                continue
            where = f"custody row {first}"
            if first <= position or last < first:
                self.say(where, f"out of order: it comes after row {position}")
                continue
            if first > position + 1:
                more = f", and all up to row {first - 1}" if first > position + 2 else ""
                self.say(f"custody row {position + 1}", f"missing{more}")
                linked = False
            sound = others or digest_of(row, "hash") == said
            if not sound and len(suspects) < MOST_TWINS:
                suspects.append((row, first))
            elif not sound:
                self.say(f"custody row {first}", "edited")
            elif not others and linked and row.get("previous") != before:
                self.say(where, "does not follow the row before it: one of them was changed")
            if not others:
                self.counts["rows"] += 1
                self.check_row(row, where)
            position, before, linked = last, said, sound
        for row, number in suspects:
            twin = next((other for _, other in suspects if digest_of(row, "hash", number=other) == row["hash"]), None)
            self.say(f"custody row {number}", f"swapped with row {twin}" if twin else "edited")
        self.head = f"{position}:{before}"
        told = "{number}:{hash}".format(**self.detail["custody"])
        if "custody.jsonl" in self.hashes and self.head != told:
            self.say("custody.jsonl", f"ends at {self.head}, but the bundle was made when the chain ended at {told}")

    def check_row(self, row: dict[str, Any], where: str) -> None:
        manifest = row.get("manifest")
        if manifest is not None and manifest not in self.facts and manifest not in self.lost:
            self.say(where, f"its manifest {manifest} is not here")
        if row.get("action") == "stamp":
            data = row.get("data")
            token = data.get("token") if isinstance(data, dict) else None
            if token not in self.here:
                self.say(where, f"its time stamp {token} is not here")

    def check_log(self) -> None:
        ends: dict[str, str] = {}
        for line, row in self.lines("case_log.jsonl"):
            case, where = str(row.get("case_id")), "case {}, log entry {}".format(row.get("case_id"), row.get("id"))
            self.counts["entries"] += 1
            if row.get("previous") != ends.get(case, ZEROS):
                self.say(where, "does not follow the entry before it: one was taken out, put in, or exchanged")
            if digest_of(row, "hash", "id") != row.get("hash"):
                self.say(where, f"does not say what was written (case_log.jsonl line {line})")
            ends[case] = str(row.get("hash"))
        heads = self.detail.get("log_heads")
        for case, head in sorted(heads.items()) if isinstance(heads, dict) and "case_log.jsonl" in self.hashes else ():
            if ends.get(case) != head:
                self.say(f"case {case}", "its log does not end where the bundle says")

    # --- time stamps and WARC -----------------------------------------------------------------------------------

    def check_stamps(self) -> None:
        pending = 0
        for one in self.rows_of("stamps"):
            path, manifest = one.get("path"), str(one.get("manifest"))
            if one.get("token") is None:
                pending += 1
            elif path not in self.hashes:
                if one.get("token") not in self.lost:
                    self.say(str(path), "this time stamp is not here")
            elif problem := token_problem(self.read(str(path)), manifest):
                self.say(str(path), problem)
            else:
                self.counts["stamps"] += 1
                named = {"at": one.get("stamped_at"), "authority": one.get("authority"), "path": path}
                self.notes.append(("stamp", {**named, "manifest": f"manifests/{manifest}.json"}))
        if pending:
            self.notes.append(("pending", {"count": pending}))

    def check_warc(self, name: str) -> None:
        """Compute the digest of each record anew."""
        number = 0
        try:
            with self.source.open(name) as packed, gzip.open(packed) as stream:
                for number, sound in enumerate(warc_records(stream), 1):
                    if not sound:
                        self.say(name, f"record {number} is not what its digest says")
        except (*UNREADABLE, ValueError):
            self.say(name, f"cannot be read after record {number}")
        self.counts["records"] += number

    def report(self, language: str | None) -> Iterator[str]:
        """Yield what was found, line by line."""
        language = language or str(self.detail.get("language"))
        words = WORDS[language if language in WORDS else "en"]
        yield words["head"].format(**{key: shown(self.detail.get(key, "?")) for key in ("case", "brand", "at", "tool")})
        for key in dict.fromkeys(key for key, _ in self.notes):
            told = [values for note, values in self.notes if note == key]
            for values in told[:MOST_NOTED]:
                yield words[key].format(**{name: shown(value) for name, value in values.items()})
            if len(told) > MOST_NOTED:
                yield words["more"].format(count=len(told) - MOST_NOTED)
        yield from list(self.wrong)[:MOST_SAID]
        wrong = len(self.wrong) + self.uncounted
        if wrong > MOST_SAID:
            yield words["more"].format(count=wrong - MOST_SAID)
        if wrong:
            yield words["wrong"].format(count=wrong)
        else:
            yield words["well"].format(head=self.head, **self.counts)


def warc_records(stream: Any) -> Iterator[bool]:
    """Tell of each record of a WARC file whether it is what its digest says; ValueError where it is cut off."""
    total = 0
    while first := stream.readline(LARGEST):
        fields: dict[bytes, bytes] = {}
        for line in iter(lambda: stream.readline(LARGEST), b"\r\n"):
            key, colon, value = line.partition(b":")
            if not colon or len(fields) == MOST_FIELDS:
                raise ValueError(first)
            fields[key.strip().lower()] = value.strip()
        left, block = int(fields[b"content-length"]), hashlib.sha256()
        total += left
        if left < 0 or total > LARGEST_WARC:
            raise ValueError(total)
        while left and (chunk := stream.read(min(left, 2**20))):
            block.update(chunk)
            left -= len(chunk)
        if stream.read(4) != b"\r\n\r\n":
            raise ValueError(left)
        yield fields.get(b"warc-block-digest") == b"sha256:" + block.hexdigest().encode()


def token_problem(token: bytes, digest: str) -> str | None:
    """Say what is wrong with an answer of a time stamping authority as a stamp on a SHA-256; None: it is about it."""
    try:
        response = elements(token)[0][1]
        status, signed = elements(response)[:2]
        if elements(status[1])[0][1] not in (b"\x00", b"\x01"):
            return "the authority refused to stamp"
        content = elements(elements(elements(signed[1])[1][1])[0][1])  # ContentInfo -> [0] -> SignedData
        wrapped = next(body for tag, body in content if tag == 0x30)  # EncapsulatedContentInfo
        info = elements(elements(elements(wrapped)[1][1])[0][1])[0][1]  # [0] -> OCTET STRING -> TSTInfo
        algorithm, imprint = elements(elements(info)[2][1])[:2]
        if elements(algorithm[1])[0][1] != SHA256 or imprint[1].hex() != digest:
            return "this time stamp is about something else"
    except (*ODD, StopIteration):
        return "this is no time stamp"
    return None


def elements(data: bytes) -> list[tuple[int, bytes]]:
    """Return tag and content of each DER element, one after the other."""
    found, place = [], 0
    while place < len(data):
        tag, length, body = data[place], data[place + 1], place + 2
        if length & 0x80:
            body += length & 0x7F
            length = int.from_bytes(data[place + 2 : body], "big")
        if body + length > len(data):
            raise ValueError
        found.append((tag, data[body : body + length]))
        place = body + length
    return found


def main(arguments: list[str]) -> int:
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    parser = argparse.ArgumentParser(description="Check an evidence bundle offline.")
    parser.add_argument("bundle", nargs="?", type=Path, default=Path(__file__).resolve().parent, help="folder or ZIP")
    parser.add_argument("--language", choices=sorted(WORDS), help="default: that of the bundle")
    chosen = parser.parse_args(arguments)
    try:
        source = Folder(chosen.bundle) if chosen.bundle.is_dir() else Archive(chosen.bundle)
        if LIST not in source.sizes and DETAIL not in source.sizes:
            raise Unusable(f"is no evidence bundle: it has neither {LIST} nor {DETAIL}")
        check = Check(source)
        check.run()
    except (Unusable, *UNREADABLE, ValueError) as error:
        sys.stderr.write(f"{shown(chosen.bundle)}: {shown(error)}\n")
        return 2
    try:
        sys.stdout.writelines(f"{line}\n" for line in check.report(chosen.language))
        sys.stdout.flush()
    except BrokenPipeError:  # who reads has seen enough; nothing is left to be written at the end either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1 if check.wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
