"""The one fictitious brand, as the detector sees it; shared by the tests of the detector."""

from datetime import date

from detector.brands import BrandProfile, Ownership, Scope

ON = date(2026, 11, 22)

HOSHINO = BrandProfile(
    key="hoshino",
    name="星野電機",
    aliases=("Hoshino Denki", "ホシノデンキ", "hoshinodenki"),
    ambiguous=("Hoshino", "HD"),
    exclude=("星野リゾート",),
    products=("星の風", "Ruscool"),
    domains=("hoshino-denki.example",),
    accounts=(Scope.parse("account:youtube:@hoshinodenki"),),
    false_claims=("星野電機が開発した世界最小のエアコン",),
    ownership=(
        Ownership(
            who="reseller",
            scope=Scope.parse("domain:yamada-outlet.example"),
            until=date(2027, 3, 31),
            note="contract 2026-114",
        ),
        Ownership(who="group", scope=Scope.parse("path:mall.example/hoshino"), note="mall shop"),
        Ownership(who="agency", scope=Scope.parse("advertiser:meta:555"), until=date(2026, 6, 30)),
        Ownership(who="reseller", scope=Scope.parse("advertiser:meta:777")),
    ),
)
