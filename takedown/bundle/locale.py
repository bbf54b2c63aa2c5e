"""Locale: how a dossier speaks in one language: its words, its times, and texts of others made safe to show."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from alerts.message import Language, show
from alerts.words import WORDS as ALERT_WORDS
from alerts.words import Words as AlertWords
from detector.evidence import Evidence, expects_file
from detector.visits import Visit
from safety.screen import defang, screen
from takedown.bundle.english import ENGLISH
from takedown.bundle.japanese import JAPANESE
from takedown.bundle.words import Words
from takedown.translation import genuine_in_japanese, in_japanese, observed_in
from takedown.vocabulary import WORDS as NOTICE_WORDS
from takedown.vocabulary import Vocabulary

URL_LIMIT = 300  # characters of an address that are shown; all of it is in the records
URL_READ = 2000  # characters of it that are looked at
TEXT_LIMIT = 600


@dataclass(frozen=True, slots=True)
class Locale:
    """A language, and the team's time zone."""

    language: Language
    zone: ZoneInfo

    @property
    def words(self) -> Words:
        """The words of dossiers."""
        return JAPANESE if self.language == "ja" else ENGLISH

    @property
    def of_notices(self) -> Vocabulary:
        """The words of notices: kinds, platforms, outcomes, actors."""
        return NOTICE_WORDS[self.language]

    @property
    def of_alerts(self) -> AlertWords:
        """The words of alerts: decisions, states, signals."""
        return ALERT_WORDS[self.language]

    def text(self, text: str | None, limit: int = TEXT_LIMIT) -> str:
        """Return a text of others: one line, nothing invisible, no live link, cut."""
        return show(text, limit) if text else ""

    def own(self, text: str | None, limit: int = TEXT_LIMIT) -> str:
        """Return a text of ours, e.g. of the configuration: as it is, as long as it misleads nobody."""
        return screen(text, limit=limit) if text else ""

    def url(self, url: str | None, limit: int = URL_LIMIT) -> str:
        """Return an address that nothing turns into a link."""
        return screen(defang(url[:URL_READ]), limit=limit) if url else ""

    def utc(self, at: datetime | None) -> str:
        """Return a moment in UTC to the second, "" for none."""
        return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if at is not None else ""

    def local(self, at: datetime | None) -> str:
        """Return a moment in the team's zone, with the zone's name."""
        return f"{at.astimezone(self.zone):%Y-%m-%d %H:%M:%S %Z}" if at is not None else ""

    def clock(self, at: datetime) -> str:
        """Return a moment in the team's zone, without the zone's name."""
        return f"{at.astimezone(self.zone):%Y-%m-%d %H:%M:%S}"

    def both(self, at: datetime | None) -> str:
        """Return a moment in UTC and in the team's zone."""
        return f"{self.utc(at)} UTC ({self.local(at)})" if at is not None else ""

    def day(self, at: datetime) -> str:
        """Return the day of a moment in the team's zone."""
        local = at.astimezone(self.zone)
        return f"{local.year}年{local.month}月{local.day}日" if self.language == "ja" else f"{local:%-d %B %Y}"

    def spoken(self, sentences: Iterable[str]) -> str:
        """Return sentences one after the other."""
        return ("" if self.language == "ja" else " ").join(sentences)

    def number(self, one: str, many: str, count: int) -> str:
        """Return a sentence about one thing or about several."""
        return (one if count == 1 else many).format(count=count)

    def listed(self, texts: list[str], most: int = 6) -> str:
        """Return a list in a sentence, cut."""
        more = f" … (+{len(texts) - most})" if len(texts) > most else ""
        return ("、" if self.language == "ja" else ", ").join(texts[:most]) + more

    def platform(self, name: str | None) -> str:
        """Return a platform's name as people write it."""
        return self.of_notices.platforms.get(name, self.text(name, 40)) if name else ""

    def kind(self, kind: str) -> str:
        """Return what a kind of item is called."""
        return self.of_notices.kinds.get(kind, kind)

    def says(self, evidence: Evidence) -> str:
        """Return what a signal found."""
        return self.of_alerts.signals.get(evidence.signal) or self.text(evidence.says)

    def observed(self, evidence: Evidence, limit: int = TEXT_LIMIT) -> str:
        """Return what a signal saw."""
        return self.text(observed_in(self.language, evidence), limit)

    def account(self, kind: str, value: str, limit: int) -> str:
        """Return an account that people are led to, and what kind it is of."""
        return f"{self.of_notices.handoffs.get(kind, kind)} {self.account_value(kind, value, limit)}"

    def account_value(self, kind: str, value: str, limit: int) -> str:
        """Return an account as people write it: a bank's with blanks between its parts."""
        return self.text(" ".join(value.split("/")) if kind == "bank" else value, limit)

    def countries(self, codes: Iterable[str]) -> str:
        """Return what countries are called."""
        words = self.of_notices
        return self.text(words.comma.join(words.countries.get(code, code) for code in codes), 200)

    def visitor(self, visit: Visit) -> str:
        """Return as whom a journey was made, and from which country, if not from here."""
        who = self.own(self.of_notices.visitor(visit), 100)
        return f"{who}{self.of_notices.comma}{self.came_from(visit)}" if visit.country else who

    def came_from(self, visit: Visit) -> str:
        """Return from which country a journey left, "" for from here."""
        return self.words.from_country.format(country=self.countries((visit.country,))) if visit.country else ""

    def expected(self, evidence: Evidence) -> str:
        """Return what a signal expected."""
        said = genuine_in_japanese(evidence.expected) if self.language == "ja" else evidence.expected
        return self.own(said) if expects_file(evidence) else self.text(said)

    def journey(self, says: str) -> str:
        """Return what the detector says of a journey, or of where a link stands."""
        return self.text(in_japanese(says) if self.language == "ja" else says)
