"""Notice: what is sent to one channel about one case, filled in; and what is missing until it can be. Plain values."""

from dataclasses import dataclass

from alerts.message import Language
from takedown.channel import ActorKind, Fact, Proof, Right

XARF = "xarf"  # kind of the attachment that machines read


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """One field of a form, ready to be copied into it."""

    key: str
    label: str  # in the notice's language
    value: str | None  # None: a person fills it in
    note: str = ""  # what to do by hand: what to choose, what was cut


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """One file that goes with a notice, in the media store."""

    name: str  # made of what it is, a number and its hash alone
    kind: Proof | str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One takedown request as it is sent; kept as it is in `NoticeRow.content`."""

    reference: str  # ours
    case_id: int
    channel: str
    language: Language
    actor: ActorKind
    subject: str  # of the actor: what of theirs it is about
    targets: tuple[str, ...]  # what is to be gone, as it stood
    links: tuple[str, ...]  # of the case, whose journeys tell whether it is gone
    title: str  # subject of the mail, first line of the text
    body: str
    fields: tuple[Filled, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    to: tuple[str, ...] = ()  # mail addresses
    url: str | None = None  # of the form
    notes: tuple[str, ...] = ()  # what to know before it is filed: what was left out, what to do by hand; never sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Something without which a notice is not complete."""

    what: Fact | Proof | Right | str
    says: str  # one line: what is missing, and how to get it
    ja: str = ""  # the same in Japanese; "" where it has no words of ours

    def in_language(self, language: Language) -> str:
        """Return the line in the language of whoever reads it, which may not be the notice's."""
        return self.ja or self.says if language == "ja" else self.says
