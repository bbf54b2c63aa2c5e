"""Table: shared cases as rows for associations and agencies: a row for each address, account or hash."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from alerts.message import Language
from alerts.words import WORDS
from safety.screen import defang
from takedown.sharing.select import NAMES, Kind, Shared, Thing

Cell = str | int | datetime | None
HEADING: dict[Language, tuple[str, ...]] = {
    "en": (
        "Case", "State", "Imitated brand", "Kind", "Value", "Role", "Belongs to", "Platform", "First seen (UTC)",
        "Last seen (UTC)", "Registered", "Details", "Evidence (SHA-256)", "Shared by", "TLP",
    ),
    "ja": (
        "案件番号", "状態", "被害ブランド", "種類", "値", "区分", "対象ホスト", "媒体", "初回確認(UTC)",
        "最終確認(UTC)", "ドメイン登録日", "詳細", "証拠(SHA-256)", "提供者", "TLP",
    ),
}  # fmt: skip
KINDS: dict[Language, dict[Kind, str]] = {
    "en": NAMES,
    "ja": {
        "host": "ホスト", "url": "URL", "ip": "IPアドレス", "certificate": "証明書(SHA-256)", "line": "LINE",
        "telegram": "Telegram", "whatsapp": "WhatsApp", "phone": "電話番号", "wallet": "ウォレット",
        "bank": "銀行口座", "picture": "画像(SHA-256)", "advertiser": "広告主", "evidence": "証拠(SHA-256)",
    },
}  # fmt: skip
ROLES: dict[Language, dict[bool, str]] = {
    "en": {True: "fraud", False: "on the way"},
    "ja": {True: "不正", False: "経由"},
}


def rows(cases: Sequence[Shared], language: Language, *, tlp: str, defanged: bool) -> Iterator[list[Cell]]:
    """Yield a row for each thing, then one for each text; cells hold what strangers wrote as it stands.

    Args:
        cases: what leaves.
        language: of words of ours.
        tlp: of the profile.
        defanged: write hosts and addresses so that nobody can click them.
    """
    for case in cases:
        ends = [case.by.name, f"TLP:{tlp.upper()}"]
        starts = [case.reference, WORDS[language].states.get(case.state, case.state), case.brand]
        created = {one.domain: one.created[:10] for one in case.registered}
        about = {one.domain: " / ".join(filter(None, (one.registrar, one.abuse))) for one in case.registered}
        for thing in case.things:
            dotted = thing.kind in ("host", "url", "ip")
            own = thing.kind == "host"
            yield [
                *starts,
                KINDS[language][thing.kind],
                defang(thing.value) if dotted and defanged else thing.value,
                "" if thing.kind == "evidence" else ROLES[language][thing.fraud],
                defang(thing.host) if thing.host and defanged else thing.host,
                thing.platform,
                thing.first_seen,
                thing.last_seen,
                created.get(thing.value) if own else None,
                _details(thing, about),
                thing.value if thing.kind == "evidence" else thing.evidence,
                *ends,
            ]
        for role, text in case.texts:
            word = "本文" if language == "ja" else "Text"
            yield [*starts, word, text, role, None, None, case.first_seen, case.last_seen, None, None, None, *ends]


def _details(thing: Thing, about: dict[str, str]) -> str | None:
    if thing.kind == "host":
        return about.get(thing.value)
    return thing.note or None
