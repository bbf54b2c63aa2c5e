"""Write: the ZIP of one case. Equal cases give equal bytes: names are sorted, times are that of the bundle.

Flow: gather files and records -> screenshots to be shown -> dossier -> page, PDF, readme, script -> lists -> ZIP, each
file checked once more while it is copied, a piece at a time.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import file_digest, sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from sqlalchemy.orm import Session

from alerts.message import Language
from config import Config
from safety.sandbox import Sandbox
from storage.canonical import canonical
from storage.custody import TOOL, append
from storage.errors import MediaMissing
from storage.evidence import keep_manifest
from storage.media import MediaStore
from storage.stamps import want_stamp
from takedown.bundle.compose import compose, reference_of
from takedown.bundle.contents import Contents, Entry, Lost
from takedown.bundle.dossier import Dossier
from takedown.bundle.gallery import gallery
from takedown.bundle.gather import Gathered, gather
from takedown.bundle.pages import page_of
from takedown.bundle.pdf import pdf_of
from takedown.bundle.readme import README
from takedown.bundle.records import BUNDLE, subject_of
from takedown.catalogue import load_catalogue
from takedown.story import Story

FORMAT = "mekiki-bundle/1"
LIST, DETAIL = "MANIFEST.sha256", "manifest.json"
_PACKED = (".gz", ".jpg", ".png", ".pdf")  # as small as they get
_FIRST_YEAR = 1980  # of times in a ZIP


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A bundle that was written."""

    case_id: int
    reference: str
    language: Language
    sha256: str  # of the ZIP
    bytes: int
    files: tuple[tuple[str, str, int], ...]  # path, SHA-256, bytes
    lost: tuple[Lost, ...]
    stamps: int
    pending: int  # time stamps that were still to come


def write_bundle(
    story: Story,
    session: Session,
    media: MediaStore,
    config: Config,
    language: Language,
    path: Path,
    *,
    now: datetime,
) -> Written:
    """Write the evidence bundle of a case over a private file that is there.

    Args:
        story: of the case, told in `session`.
        session: of `storage.database.snapshot`.
        media: the store.
        config: for the time zone.
        language: of the page and the PDF.
        path: of the file.
        now: the bundle's time.

    Raises:
        ConfigError: an entry of the team's own channels is wrong.
        MediaMissing: a file was changed or went while the bundle was being written; nothing is wrong with trying again.
    """
    with TemporaryDirectory(prefix="mekiki-bundle-") as folder, Sandbox(workers=1) as sandbox:
        work = Path(folder)  # 0700
        gathered = gather(session, media, story, work)
        shots = gallery(gathered, work, sandbox)
        channels = {one.key: getattr(one.name, language) for one in load_catalogue(config.takedown.channels)}
        dossier = compose(story, gathered, shots, config, language, channels=channels, now=now)
        _add_documents(dossier, gathered.contents, work, now)
        _add_lists(story, gathered, language, work, now)
        entries = list(gathered.contents)
        _zip(entries, path, now)
    with path.open("rb") as stream:
        digest, length = file_digest(stream, "sha256").hexdigest(), stream.tell()
    pending = sum(stamp.stamped_at is None for stamp in gathered.stamps)
    return Written(
        case_id=story.case.id,
        reference=dossier.reference,
        language=language,
        sha256=digest,
        bytes=length,
        files=tuple((entry.path, entry.sha256, entry.bytes) for entry in entries),
        lost=gathered.contents.lost,
        stamps=len(gathered.stamps) - pending,
        pending=pending,
    )


def keep_record(media: MediaStore, written: Written, now: datetime) -> str:
    """Keep what a bundle holds as a manifest; return its SHA-256, for `note_bundle`."""
    return keep_manifest(
        media,
        action=BUNDLE,
        subject=subject_of(written.case_id),
        at=now,
        files=(),
        facts={
            "reference": written.reference,
            "language": written.language,
            "sha256": written.sha256,
            "bytes": written.bytes,
            "contents": [{"path": path, "sha256": digest, "bytes": size} for path, digest, size in written.files],
            "missing": [asdict(one) for one in written.lost],
        },
    )


def note_bundle(
    session: Session, written: Written, manifest: str, *, who: str, authority: str | None, now: datetime
) -> None:
    """Append to the custody chain that a bundle was made, and want a time stamp on what it holds."""
    data = {"reference": written.reference, "sha256": written.sha256, "bytes": written.bytes}
    subject = subject_of(written.case_id)
    append(session, at=now, who=who, action=BUNDLE, subject=subject, manifest=manifest, data=data)
    if authority is not None:
        want_stamp(session, manifest, authority, now)


def _add_documents(dossier: Dossier, contents: Contents, work: Path, now: datetime) -> None:
    """Put in what people read and run."""
    script = Path(__file__).with_name("verify.py").read_bytes()
    for name, data in (
        ("index.html", page_of(dossier, contents.path_of).encode()),
        ("summary.pdf", pdf_of(dossier, contents.read, at=now)),
        ("README.txt", README.encode()),
        ("verify.py", script),
    ):
        (work / name).write_bytes(data)
        contents.add_made(name, work / name, "document")


def _add_lists(story: Story, gathered: Gathered, language: Language, work: Path, now: datetime) -> None:
    """Put in the lists of all files, last."""
    contents = gathered.contents
    detail: dict[str, Any] = {
        "format": FORMAT,
        "reference": reference_of(story.case.id, now),
        "case": story.case.id,
        "cases": gathered.cases,
        "brand": story.brand.name,
        "language": language,
        "at": f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "tool": TOOL,
        "items": {"of_the_case": gathered.item_count, "in_this_bundle": gathered.items},
        "custody": asdict(gathered.head),
        "log_heads": gathered.log_heads,
        "stamps": [
            {
                "manifest": stamp.manifest,
                "authority": stamp.authority,
                "stamped_at": stamp.stamped_at.isoformat() if stamp.stamped_at is not None else None,
                "token": stamp.token,
                "path": contents.path_of(stamp.token),
            }
            for stamp in gathered.stamps
        ],
        "missing": [asdict(one) for one in contents.lost],
        "files": [
            {"path": entry.path, "role": entry.role, "sha256": entry.sha256, "bytes": entry.bytes} for entry in contents
        ],
    }
    (work / DETAIL).write_bytes(canonical(detail) + b"\n")
    contents.add_made(DETAIL, work / DETAIL, "list")
    (work / LIST).write_text("".join(f"{entry.sha256}  {entry.path}\n" for entry in contents), "ascii")
    contents.add_made(LIST, work / LIST, "list")


def _zip(entries: Sequence[Entry], path: Path, now: datetime) -> None:
    """Write the files in their order, each with the bundle's time and readable by its owner alone."""
    at = now.astimezone(UTC)
    moment = (max(at.year, _FIRST_YEAR), at.month, at.day, at.hour, at.minute, at.second)
    with ZipFile(path, "w") as archive:
        for entry in entries:
            info = ZipInfo(entry.path, moment)
            info.compress_type = ZIP_STORED if entry.path.endswith(_PACKED) else ZIP_DEFLATED
            info.create_system = 3  # Unix, for the mode
            info.external_attr = 0o100600 << 16
            info.file_size = entry.bytes  # tells whether ZIP64 is needed
            whole = sha256()
            with entry.source.open("rb") as source, archive.open(info, "w") as target:
                while chunk := source.read(2**20):
                    whole.update(chunk)
                    target.write(chunk)
            if whole.hexdigest() != entry.sha256:
                raise MediaMissing(f"{entry.path} was changed while the bundle was being written; try again")
