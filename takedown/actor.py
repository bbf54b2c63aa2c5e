"""Actor: who has a part in the journey of a case, and where they take complaints. Plain values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from takedown.channel import MAIL_ADDRESS, ActorKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Where an actor takes complaints."""

    address: str  # mail address or URL, as it was told; hostile
    origin: str  # who told: "rdap", "security.txt", "catalogue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """One actor, and what of the case is theirs.

    Facts, each only where it is known; all of them hostile:

    - `host`: the registrable domain; of a site on a service, a short address: the service's domain
    - `domain`, `suffix`, `registrar`, `registrar_id` (IANA's), `registered`, `expires` (as told), `status`,
      `nameservers`, `abuse_phone`, `asked` (when, ISO 8601), `error` (what the registry said instead): of registrars;
      `asked` of redirects and publishers, too
    - `own_contacts`: mail addresses, with blanks between, where all that are known are of the very domains that the
      case is about: a notice may warn the fraud
    - `site_contacts`: whom the site names in its security.txt, with blanks between: no contact of the actor's
    - `address`, `addresses` (IP, with blanks between), `network`, `handle`, `owner`, `country`, `range`, `asked`:
      of hosts and content networks
    - `header.NAME`: what an answer's header NAME (lower case) said, of those that tell who answers
    - `cdn`: key of the content network; the host behind it is not known. `odd`: what does not fit together
    - `advertiser`, `advertiser_id`, `payer`, `handoff` (kind of an account), `account`, `where`: who placed it, where
      people are led, and how that was seen where not in plain text
    - `ended`: an entry of the register that covered it until it ended
    - `left_out`: how many targets there are beyond those given
    """

    kind: ActorKind
    name: str  # for people; hostile; "" where it is not known
    # What of theirs it is about, stable: a platform, PLATFORM:ID, a host, a domain, an IP address, KIND:ACCOUNT.
    subject: str
    targets: tuple[str, ...]  # what they could take down: addresses, ids; exact, best first
    platform: str | None = None
    links: tuple[str, ...] = ()  # of the case, whose journeys lead there: their presence tells whether it is gone
    contacts: tuple[Contact, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)


def mails_of(contacts: Iterable[Contact]) -> tuple[str, ...]:
    """Return the mail addresses among contacts that a mail can be sent to, in their order."""
    told = (one.address.strip().removeprefix("mailto:").partition("?")[0] for one in contacts)
    return tuple(address for address in told if MAIL_ADDRESS.fullmatch(address))
