"""Texts of one's own for notices: which there may be, and which names each of them knows (docs/takedown.md)."""

# Values of every text of a notice.
VALUES = frozenset(
    [
        "reference",
        "today",
        "channel",
        "actor",
        "filer",
        "owner",
        "brand",
        "agent",
        "authority_until",
        "marks",
        "targets",
        "hosts",
        "addresses",
        "items",
        "journeys",
        "landings",
        "landing_here",
        "domain",
        "registration",
        "network",
        "handoffs",
        "findings",
        "policy",
        "confirmed",
        "seen",
        "countries",
        "evidence",
        "former",
        "reported",
        "statements",
        "summary",
    ]
)
# One text for each kind of notice: its first line is the title, the rest the text.
KINDS = (
    "trademark",
    "impersonation",
    "scam_ad",
    "phishing",
    "registrar_abuse",
    "registrar_inaction",
    "domain_dispute",
    "hosting_abuse",
    "cdn_abuse",
    "chat_account",
    "payee",
    "association",
    "authority",
    "police",
    "marketplace",
    "api",
)
PARTS = (
    "parts/head.txt",
    "parts/rights.txt",
    "parts/targets.txt",
    "parts/items.txt",
    "parts/machines.txt",
    "parts/journeys.txt",
    "parts/handoffs.txt",
    "parts/findings.txt",
    "parts/evidence.txt",
    "parts/former.txt",
    "parts/end.txt",
)
# Texts that fill a field alone.
ALONE = ("summary.txt", "statements/good_faith.txt", "statements/accuracy.txt", "statements/authority.txt")
FILES: dict[str, frozenset[str]] = {name: frozenset() for name in (*(f"{kind}.txt" for kind in KINDS), *PARTS, *ALONE)}
