"""Signals: one pure function each; this tuple is all there is, and the policy weighs every one of them."""

from detector.signals import (
    advertiser,
    claim,
    context,
    copied,
    host,
    lure,
    name,
    official,
    page,
    picture,
    setting,
    wording,
)
from detector.signals.finding import Finding, Look, Signal

__all__ = ["SIGNALS", "Finding", "Signal"]


def _signal(look: Look) -> Signal:
    return Signal(f"{look.__module__.rpartition('.')[2]}.{look.__name__}", look)


SIGNALS: tuple[Signal, ...] = tuple(
    map(
        _signal,
        (
            name.mention,
            name.product,
            name.obfuscated,
            name.misspelt,
            name.sender,
            name.official_claim,
            name.title,
            host.imitated_suffix,
            host.lookalike,
            host.combosquat,
            host.path,
            host.displayed,
            host.foreign,
            lure.offer,
            lure.clearance,
            lure.giveaway,
            lure.investment,
            lure.threat,
            lure.credentials,
            lure.handoff,
            advertiser.uses_name,
            advertiser.unknown,
            claim.known_false,
            picture.copy,
            picture.seen_before,
            picture.logo,
            copied.text,
            copied.assets,
            page.login,
            page.card,
            page.personal,
            page.price,
            page.pressure,
            page.seller_missing,
            page.seller_foreign,
            page.seller_contradicts,
            page.free_mail,
            page.transfer_only,
            page.young_domain,
            page.young_certificate,
            page.handoff,
            page.hides,
            page.seller_named,
            wording.fraud,
            wording.honest,
            setting.fraud,
            setting.honest,
            context.news,
            context.review,
            context.job,
            context.warning,
            context.resale,
            official.expired,
            official.partner,
            official.destination,
            official.account,
            official.host,
        ),
    )
)
