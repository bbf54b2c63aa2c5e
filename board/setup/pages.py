"""All ways of the setup pages."""

from board.setup import check, logo, ownership, silences, trying
from board.ways import Way

WAYS = (
    Way(path="/setup", does=trying.setup),
    Way(path="/setup/try", does=trying.setup),  # whoever comes back to it, in another language, say
    Way(path="/setup/try", does=trying.attempt, method="POST", name="try", writes=False, slow=True),
    *logo.WAYS,
    *silences.WAYS,
    *ownership.WAYS,
    *check.WAYS,
)
