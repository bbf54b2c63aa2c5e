"""Takedown: who files notices, by which mail relay and interfaces, and which rights a brand has."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from config.fields import BesidePath, Interval, Key, Name
from config.model import Model
from safety.secret import Secret


class Owner(Model):
    """Who owns a brand, as notices name them; what is not given here is asked of nobody and never made up."""

    name: Name
    name_en: Name | None = None
    address: Name | None = None
    address_en: Name | None = None
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")] = "JP"
    email: Name | None = None


class Trademark(Model):
    """One registration, exactly as the register has it."""

    mark: Name  # the words, or what the figure shows
    number: Name
    office: Name  # JPO, EUIPO, USPTO …
    classes: tuple[Annotated[int, Field(ge=1, le=45)], ...] = ()  # Nice
    goods: str = ""
    until: date | None = None  # last day on which it is in force
    certificate: BesidePath | None = None  # a copy, for those who ask for it


class Authority(Model):
    """A letter by which the owner lets somebody act for the brand."""

    who: Name  # as `[takedown.filer] organization` names it
    file: BesidePath
    until: date | None = None  # last valid day


class Filer(Model):
    """The person in whose name notices are filed."""

    name: Name
    name_en: Name | None = None
    title: Name | None = None
    organization: Name
    organization_en: Name | None = None
    address: Name | None = None
    address_en: Name | None = None
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")] = "JP"
    email: Name
    phone: Name | None = None
    relation: Literal["owner", "agent"] = "owner"  # agent: needs a `[[brand.authority]]` that has not ended


class NoticeMail(Model):
    """The relay by which notices leave as mail."""

    sender: Name
    host: Name
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    password: Secret | None = None
    reply_to: Name | None = None  # default: the sender
    copies: tuple[Name, ...] = ()  # who gets each notice, too


class Account(Model):
    """What an interface of a channel needs to know you."""

    channel: Key
    token: Secret | None = None
    values: dict[Name, Name] = {}  # what stands as {NAME} in the channel's entry


class Takedown(Model):
    """Who decides about takedowns, and who files them."""

    second_approver: bool = False  # a takedown that one person asks for waits until another one has approved it
    approvers: tuple[Name, ...] = ()  # logins of those who may approve; nobody approves their own
    filer: Filer | None = None
    mail: NoticeMail | None = None
    account: tuple[Account, ...] = ()
    channels: BesidePath | None = None  # folder with entries of your own; one with a shipped key takes its place
    templates: BesidePath | None = None  # folder with texts of your own
    remind: Interval = Field(default="7d", validate_default=True)  # where nobody says how long it takes

    @model_validator(mode="after")
    def _somebody_approves(self) -> Self:
        if self.second_approver and not self.approvers:
            raise ValueError("approvers: expected at least one login, because second_approver is true")
        return self

    @property
    def needed(self) -> tuple[str, ...]:
        """Return who may approve, as `storage.judgements.Judgement` wants it: nobody where nobody needs to."""
        return self.approvers if self.second_approver else ()

    def account_for(self, channel: str) -> Account | None:
        """Return what the interface of a channel needs to know you; None where nothing is given."""
        return next((one for one in self.account if one.channel == channel), None)
