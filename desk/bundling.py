"""An evidence bundle, made on a person's word: the file, its row in the chain of custody, its time stamp to come."""

from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from alerts.message import Language
from config import Config
from storage.database import snapshot, transaction
from storage.media import MediaStore
from storage.merging import root_of
from takedown.bundle.write import Written, keep_record, note_bundle, write_bundle
from takedown.story import tell_story


def bundled(
    engine: Engine, media: MediaStore, config: Config, case_id: int, path: Path, *, language: Language, who: str,
    now: datetime,
) -> tuple[Written, str]:  # fmt: skip
    """Write the bundle of a case over a private file that is there; return what it holds, and the record of that.

    Of a case that was merged it is the bundle of the whole. The row of custody is written before this returns: whoever
    lets the file appear does so afterwards.

    Raises:
        CaseNotFound: there is no such case.
        TakedownError: its brand is not configured any more.
    """
    with snapshot(engine) as session:
        story = tell_story(session, config, root_of(session, case_id), now=now)
        written = write_bundle(story, session, media, config, language, path, now=now)
    manifest = keep_record(media, written, now)
    with transaction(engine) as session:
        note_bundle(session, written, manifest, who=who, authority=config.evidence.authority, now=now)
    return written, manifest
