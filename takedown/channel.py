"""Channel: one place that takes complaints, as its entry in the catalogue tells; data, no behaviour.

An entry is a TOML file in `takedown/channels/` or in a team's own folder. What no source was found for is named in
`unconfirmed`, and whatever is shown of it says so.
"""

import re
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from alerts.message import Language
from config.fields import Interval, Key, Name, WebUrl
from config.model import Model

CONTACT = "contact"  # in place of an address: the abuse contact of the actor that a notice is about
# What may stand as the address of a channel, or of a contact that a registry told; bounded, for it reads hostile text.
MAIL_ADDRESS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}")
MailDomain = Annotated[str, Field(pattern=r"^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}$", max_length=253)]

Kind = Literal[
    "platform",  # ads, accounts and posts of a social network, a search engine or a video service
    "marketplace",
    "registrar",
    "registry",
    "host",
    "cdn",
    "chat",
    "payment",
    "blocklist",  # browsers and mail services that warn of addresses
    "association",
    "authority",
    "police",
]
ActorKind = Literal[
    "platform",  # who showed the ad or the post
    "advertiser",  # the account that placed it
    "publisher",  # the page that carried it
    "redirect",  # a hop between the ad and the landing page
    "registrar",
    "registry",
    "host",
    "cdn",
    "chat",
    "phone",
    "payee",
    "everyone",  # nobody of the journey: blocklists, associations, authorities, police
]
Who = Literal["owner", "agent", "anyone", "victim"]
Right = Literal["trademark", "copyright"]
Form = Literal["form", "email", "api"]
Proof = Literal[
    "screenshot",  # of a landing page, kept by a visit
    "ad_picture",  # of an ad, a post
    "journey",  # at least one visit from the link to where it ends
    "warc",
    "original",  # an address of the genuine page, product or account
    "certificate",  # of a trademark, a file
    "authority",  # a letter of authority that has not ended, a file
]
# What a field of a form is filled with. Lists are joined by line ends.
Fact = Literal[
    "filer.name",
    "filer.title",
    "filer.organization",
    "filer.address",
    "filer.country",
    "filer.email",
    "filer.phone",
    "filer.signature",  # name and date
    "filer.relation",  # to the owner: is the owner, acts for the owner
    "owner.name",
    "owner.address",
    "owner.country",
    "owner.email",
    "brand.name",
    "brand.domains",
    "brand.accounts",
    "brand.pages",  # addresses of genuine pages
    "trademark.marks",
    "trademark.numbers",
    "trademark.offices",
    "trademark.classes",
    "trademark.goods",
    "targets",  # what is to be gone: addresses, or ids of ads and accounts
    "target.hosts",
    "target.addresses",  # IP addresses with times (UTC) and ports
    "ad.ids",
    "ad.links",  # exact click URLs
    "advertiser.name",
    "advertiser.id",
    "advertiser.payer",
    "publisher.pages",
    "landing.urls",
    "landing.domain",
    "registrar.name",
    "registered.on",
    "network.name",
    "handoffs",  # chat accounts, numbers, wallets, bank accounts
    "seen.first",  # UTC and the zone of the team
    "seen.last",
    "countries",
    "offer.summary",  # in one sentence: what is shown and why it is false
    "description",  # the whole text of the notice
    "evidence.list",  # names and SHA-256 of what proves it
    "statement.good_faith",
    "statement.accuracy",
    "statement.authority",
    "reference",  # ours
]


class Said(Model):
    """A text in both languages."""

    en: Name
    ja: Name


class Remark(Model):
    """A longer text in both languages, in which a figure that `source` does not say tells where it is from."""

    en: Annotated[str, Field(min_length=1, max_length=1200)]
    ja: Annotated[str, Field(min_length=1, max_length=1200)]


class Match(Model):
    """Which actors an entry is for: of these kinds, and, where something more is named, one of that.

    `takedown.fitting.named` says which facts of an actor each list is compared with.
    """

    actors: tuple[ActorKind, ...] = Field(min_length=1)
    platforms: tuple[Name, ...] = ()  # as items name them: meta, youtube, tiktok, x, line, yahoo_japan …
    handoffs: tuple[Name, ...] = ()  # kinds of hand-offs: line, telegram, whatsapp, phone, wallet, bank
    registrars: tuple[Name, ...] = ()  # a part of the registrar's name, folded; or its IANA number
    networks: tuple[Name, ...] = ()  # a part of the network's name or owner, as RDAP tells, folded
    hosts: tuple[Name, ...] = ()  # registrable domains: of marketplaces, shared hosts, shorteners
    suffixes: tuple[Name, ...] = ()  # ends of domains: jp; gtld for every one of more than two letters at its end
    # Of an answer on the journey: name and a part of its value, lower case; "" for any value.
    headers: dict[Name, Annotated[str, Field(max_length=200)]] = {}
    last_resort: bool = False  # only for those whom no other entry names


class Answered(Model):
    """How long an answer takes, as a source says."""

    within: Interval
    source: WebUrl  # where that is said


class Limits(Model):
    """What a form takes at most."""

    targets: int | None = Field(default=None, ge=1)  # addresses in one notice
    characters: int | None = Field(default=None, ge=100)  # of the text
    bytes: int | None = Field(default=None, ge=1000)  # of all files together


class FormField(Model):
    """One field of a form."""

    key: Key
    label: Said
    fill: Fact | None = None  # None: a person fills it in
    choice: Said | None = None  # what to choose in a list, as the form says it
    required: bool = True
    characters: int | None = Field(default=None, ge=1)


class Asked(Model):
    """One kind of evidence that is asked for."""

    kind: Proof
    required: bool = True
    note: Said | None = None


class Api(Model):
    """How an interface is called: one POST of JSON."""

    url: WebUrl  # {NAME}: a value of `[[takedown.account]]`
    headers: dict[Name, Name] = {}  # {token}: its secret
    # JSON name -> the key of a field, or "=text" for a constant, in which {NAME} is a value of the account, too. Dots
    # lead into tables, `urls[].url` into a list with an entry for each line of the value.
    body: dict[Name, Name] = {}
    reference: Name | None = None  # JMESPath of the case's number in the answer


class Channel(Model):
    """One place that takes complaints."""

    key: Key
    name: Said
    operator: Name  # as letters in English address it
    operator_ja: Name | None = None  # and those in Japanese, where that is another
    kind: Kind
    way: Form
    url: WebUrl | None = None  # of the form, or of the page that tells how
    address: Name | None = None  # mail address; `CONTACT`: the abuse contact of the actor
    # Domains from which its answers come, with all below them, beside that of its address; none named: that of `url`.
    mails: tuple[MailDomain, ...] = ()
    who: tuple[Who, ...] = Field(min_length=1)  # who may file
    needs: tuple[Right, ...] = ()
    languages: tuple[Language, ...] = Field(min_length=1)  # that are read there, the best first
    template: Key  # of the text, in takedown/templates/LANGUAGE/
    defang: bool = False  # addresses in its text are to be written so that nobody clicks them by accident
    xarf: bool = False  # takes XARF v4 as an attachment
    match: Match
    field: tuple[FormField, ...] = ()
    evidence: tuple[Asked, ...] = ()
    answer: Answered | None = None  # None: nobody says
    limits: Limits = Limits()
    api: Api | None = None
    next: tuple[Key, ...] = ()  # channels to go to when it refuses or does not answer
    after: tuple[ActorKind, ...] = ()  # only once a notice to one of these about the same has been filed
    # A step that somebody decides on by itself, because it costs a fee or fits some cases alone: `draft --all` leaves
    # it out.
    deliberate: bool = False
    about: Remark | None = None  # what one should know
    source: WebUrl  # where the facts were read
    checked: date  # when that was
    unconfirmed: tuple[
        Annotated[str, Field(pattern="^[a-z_.]+$")], ...
    ] = ()  # names of keys for which no source was found; `source`: not its page but a copy of it was read

    def operator_in(self, language: Language) -> str:
        """Return who runs it, as a letter in a language addresses them."""
        return self.operator_ja or self.operator if language == "ja" else self.operator

    @model_validator(mode="after")
    def _has_a_way(self) -> Self:
        if self.way == "form" and self.url is None:
            raise ValueError("url: a form needs its address")
        if self.way == "email" and self.address is None:
            raise ValueError(f'address: expected a mail address, or "{CONTACT}"')
        if self.way == "api" and self.api is None:
            raise ValueError("api: expected how the interface is called")
        if self.answer is None and "answer" not in self.unconfirmed:
            raise ValueError("unconfirmed: expected to name answer, because nobody says how long it takes")
        return self
