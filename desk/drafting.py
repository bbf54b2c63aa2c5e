"""Drafting a notice to one channel about one actor, and putting it on record; nothing leaves."""

from dataclasses import dataclass, replace
from datetime import datetime

import msgspec
from sqlalchemy import Engine

from alerts.message import Language
from config import Config
from config.takedown import Trademark
from storage.database import transaction
from storage.errors import NoticeConflict, NoticeRefused
from storage.media import MediaStore
from storage.notices import save_draft
from takedown.drafting import draft as fill
from takedown.errors import DraftRefused, TakedownError
from takedown.notice import Missing, Notice
from takedown.selection import Wanted
from takedown.story import Story


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """What became of one draft."""

    case: int
    channel: str
    actor: str
    subject: str
    ok: bool
    notice: int | None = None  # number of the row; None where it was refused, or only tried
    content: Notice | None = None
    missing: tuple[Missing, ...] = ()
    error: str | None = None


def drafted(
    engine: Engine,
    media: MediaStore,
    config: Config,
    story: Story,
    wanted: Wanted,
    *,
    language: Language | None,
    marks: tuple[Trademark, ...],
    who: str,
    now: datetime,
    again: bool = False,
    seen: str | None = None,
    dry_run: bool = False,
) -> Drafted:
    """Fill one notice and put it on record, or say all that is missing.

    Args:
        story: of the case.
        wanted: to whom, about what.
        language: None: in which it is complete, or what the channel reads best.
        marks: trademarks on which it rests.
        again: file anew though the channel has not answered the notice that it has.
        seen: as `storage.notices.save_draft` has it.
        dry_run: put nothing on record.

    Raises:
        NoticeConflict: there is another open draft than the one that was seen.
    """
    actor, channel = wanted.actor, wanted.channel
    chosen = language or wanted.language or channel.languages[0]
    done = Drafted(case=story.case.id, channel=channel.key, actor=actor.kind, subject=actor.subject, ok=False)
    number: int | None = None
    try:
        content = fill(story, actor, channel, config, chosen, media, now=now, marks=marks)
        if not dry_run:
            with transaction(engine) as session:
                number = save_draft(session, msgspec.to_builtins(content), who=who, now=now, again=again, seen=seen)
    except DraftRefused as error:
        return replace(done, missing=error.missing, error=str(error))
    except NoticeConflict:
        raise
    except (TakedownError, NoticeRefused) as error:
        return replace(done, error=str(error))
    return replace(done, ok=True, notice=number, content=content)
