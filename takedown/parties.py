"""Parties: filer and owner of a brand as a notice in one language names them; None is what is not known. Pure."""

from dataclasses import dataclass

from alerts.message import Language
from config import Brand
from config.takedown import Filer
from takedown.vocabulary import WORDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A person or a company."""

    name: str | None
    organization: str | None = None
    title: str | None = None
    address: str | None = None
    country: str
    email: str | None = None
    phone: str | None = None


def filer_of(filer: Filer, language: Language) -> Party:
    """Return who files; in English only what can be read there."""
    return Party(
        name=_in(language, filer.name, filer.name_en),
        organization=_in(language, filer.organization, filer.organization_en),
        title=_in(language, filer.title, None),
        address=_in(language, filer.address, filer.address_en),
        country=_country(filer.country, language),
        email=filer.email,
        phone=filer.phone,
    )


def owner_of(brand: Brand, filer: Filer, language: Language) -> Party:
    """Return who owns the brand; where nobody is named and the filer is the owner, the filer's organization."""
    owner = brand.owner
    if owner is None and filer.relation == "owner":
        own = filer_of(filer, language)
        return Party(name=own.organization, address=own.address, country=own.country, email=own.email)
    if owner is None:
        return Party(name=None, country="")
    return Party(
        name=_in(language, owner.name, owner.name_en),
        address=_in(language, owner.address, owner.address_en),
        country=_country(owner.country, language),
        email=owner.email or (filer.email if filer.relation == "owner" else None),
    )


def short_name(brand: Brand, language: Language) -> str:
    """Return what a brand is called; in English the first of its names that can be read there."""
    latin = (name for name in (brand.name, *brand.aliases) if name.isascii())
    return brand.name if language == "ja" else next(latin, brand.name)


def brand_name(brand: Brand, language: Language) -> str:
    """Return what a brand is called, and what its own name is where that is another."""
    short = short_name(brand, language)
    return short if short == brand.name else f"{short} ({brand.name})"


def _in(language: Language, text: str | None, english: str | None) -> str | None:
    """Return a text in a language: Japanese as it stands, English as it is given, or where all of it is Latin."""
    if language == "ja":
        return text
    return english or (text if text is not None and text.isascii() else None)


def _country(code: str, language: Language) -> str:
    return WORDS[language].countries.get(code, code)
