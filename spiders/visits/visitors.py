"""As whom links are followed where the configuration names nobody: on a telephone from an ad, plainly and in a browser,
at a desk, and bare.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from config import Config
from config.models import Visitor

# Browsers that most people have; a fraud kit looks at little more than "Mobile" and "Windows". The one that runs
# scripts says the engine that it is.
DESK = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36"
TELEPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 "
    "Mobile/15E148 Safari/604.1"
)
ANDROID = (
    "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Mobile "
    "Safari/537.36"
)
AD = "https://www.instagram.com/"
OURS = (
    Visitor(key="telephone", user_agent=TELEPHONE, referrer=AD, times=2, pause=1.0),
    Visitor(key="browser", user_agent=ANDROID, referrer=AD, browser=True, device="telephone"),
    Visitor(key="desk", user_agent=DESK),
    Visitor(key="bare", user_agent=DESK, bare=True),
)


def visitors(config: Config) -> tuple[Visitor, ...]:
    """Return the configured visitors, or ours."""
    return config.visitor or OURS


def awake(visitor: Visitor, now: datetime) -> bool:
    """Tell whether a visitor looks at this time of its day; hours may go over midnight."""
    if visitor.hours is None:
        return True
    first, last = visitor.hours
    hour = now.astimezone(ZoneInfo(visitor.zone)).hour
    return first <= hour < last if first <= last else hour >= first or hour < last
