"""Profile: which one of the configuration holds, and who shares; without any, one that tells nothing personal."""

from rapidfuzz import fuzz, process

from config import Brand, Config
from config.sharing import Sharing, SharingIdentity
from takedown.sharing.errors import UnknownProfile

DEFAULT = "default"  # key of the profile where the configuration has none


def profile_of(config: Config, key: str | None = None) -> Sharing:
    """Return the profile of a key; without one the first of the configuration, else the default.

    Raises:
        UnknownProfile: the configuration has no such profile.
    """
    if key is None:
        return config.sharing[0] if config.sharing else Sharing(key=DEFAULT)
    for profile in config.sharing:
        if profile.key == key:
            return profile
    if key == DEFAULT:
        return Sharing(key=DEFAULT)
    known = [profile.key for profile in config.sharing]
    near = process.extractOne(key, known, scorer=fuzz.ratio, score_cutoff=60)
    hint = f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join((*known, DEFAULT))}"
    raise UnknownProfile(f"there is no sharing profile {key!r}{hint}")


def sharer(config: Config, profile: Sharing, brand: Brand | None = None) -> SharingIdentity:
    """Return who shares: an organization, never a person; its contact is the one that the crawler tells everybody."""
    if profile.identity is not None:
        return profile.identity
    filer = config.takedown.filer
    if filer is not None:
        name = filer.organization
    elif brand is not None:
        name = brand.owner.name if brand.owner else brand.name
    else:
        name = config.brand[0].name if config.brand else "mekiki"
    return SharingIdentity(name=name, contact=config.crawler.contact)
