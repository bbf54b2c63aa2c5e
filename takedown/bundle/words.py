"""The words of a dossier in English and Japanese. One type, so that a sentence missing in a language is a type error.

`{…}` places take text that is safe already. Names of kinds, platforms and actors are those of notices
(`takedown.vocabulary`), of decisions and signals those of alerts (`alerts.words`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from takedown.channel import ActorKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Every fixed word and sentence."""

    # header
    title: str
    title_suspicious: str
    case: str
    brand: str
    owner: str
    state: str
    found: str
    seen_last: str
    made: str
    made_with: str
    policy: str
    summary: str
    contents: str
    page: str
    footer: str
    # summary
    these_items: str
    seen: str
    seen_once: str
    on: str  # platforms
    chiefly: str
    leads: str
    leads_nowhere: str
    leads_untold: str
    then: str
    way: str
    way_one: str
    confirmed: str
    not_judged: str
    not_filed: str
    filed: str
    filed_one: str
    # tiles
    items: str
    sightings: str
    journeys: str
    untold: str
    score: str
    of_one: str
    # sections
    journey: str
    journey_says: str
    shown: str
    shown_says: str
    imitated: str
    actors: str
    actors_says: str
    timeline: str
    signals: str
    signals_says: str
    judgements: str
    judgements_says: str
    notices: str
    unseen: str
    files: str
    files_says: str
    check: str
    # journeys
    link_of: str
    link_named: str
    rounds_between: str
    other_links: str
    none_followed: str
    visitor: str
    outcome: str
    ends: str
    why: str
    plain: str
    from_country: str
    how: Mapping[str, str]
    no_answer: str
    problems: Mapping[str, str]
    screenshot: str
    picture_lost: str
    picture_refused: str
    # items
    item: str
    kind: str
    platform: str
    account: str
    payer: str
    ad_id: str
    address: str
    displayed: str
    link: str
    publisher: str
    ran: str
    countries: str
    times_seen: str
    times: str
    times_once: str
    roles: Mapping[str, str]
    text: str
    picture: str
    reads: str
    code: str
    more_items: str
    items_left: str
    no_link: str
    # what is imitated
    names: str
    domains: str
    accounts: str
    false_claims: str
    trademarks: str
    mark: str
    number: str
    office: str
    classes: str
    goods: str
    until: str
    # actors
    role: str
    parts: Mapping[ActorKind, str]
    name: str
    subject: str
    contact: str
    known: str
    unknown: str
    told: Mapping[str, str]  # facts of actors
    domain: str
    registered: str
    registrar: str
    registrant: str
    nameservers: str
    asked_at: str
    handoff: str
    where: str
    in_code: str
    in_words: str
    registrations: str
    handoffs: str
    # timeline and judgements
    at_utc: str
    at_zone: str
    what: str
    who: str
    note: str
    reason: str
    machine: str
    actions: Mapping[str, str]
    steps: Mapping[str, str]  # of notices
    reasons: Mapping[str, str]  # of dismissals
    presence: Mapping[str, str]
    first_seen: str
    visited: str
    undone: str
    events_cut: str
    # signals
    says: str
    observed: str
    whole_case: str  # whom a notice is about that is about nobody of the journey
    expected: str
    weight: str
    strength: str
    count: str
    more_signals: str
    # notices
    reference: str
    channel: str
    filed_at: str
    answer: str
    down_at: str
    not_arrived: str  # of a notice whose mail came back
    likely_by: Mapping[str, str]  # who has likely taken away what is gone, by `detector.presence.By`
    standing: str
    notice_states: Mapping[str, str]
    replies: str
    # unseen
    could_not_tell: str
    lost: str
    lost_more: str
    lost_why: Mapping[str, str]
    pending: str
    pending_one: str
    no_authority: str
    cut_items: str
    cut_visits: str
    only_view: str
    not_judged_yet: str
    # files
    path: str
    digest: str
    bytes: str
    roles_of_files: Mapping[str, str]
    stamps: str
    stamped_manifest: str
    authority: str
    stamped_at: str
    stamp_pending: str
    more_files: str
    # how to check
    check_lines: tuple[str, ...]
    check_custody: str
    nothing: str = "–"
