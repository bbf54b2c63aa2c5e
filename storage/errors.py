"""Errors of this package, split by what the caller does next.

StorageError
├── DatabaseOutdated      type what the message says, then start again
├── StorageUnavailable    disk full, database locked or gone: try again later
├── MediaMissing          a stored file is not there
├── MatchingMissing       install mekiki[matching], or make the index anew without it
├── CopyRefused           a database, or a backup, cannot be copied so: do what the message says
├── StampRefused          an answer is no time stamp on this evidence: ask again later
├── CaseNotFound          no such case
├── ItemNotFound          no such item
├── CaseConflict          somebody (or the crawler) changed the case meanwhile: look again
├── JudgementRefused      the judgement is incomplete or makes no sense in the case's state
├── NoticeNotFound        no such notice, or more than one is called so
├── NoticeRefused         the step makes no sense for the notice, its case, or this person
│   └── NoticeConflict    somebody (or the crawler) changed the notice meanwhile: look again
├── ViewNotFound          no saved view has this name
├── EntryNotFound         no such entry in the ownership register
├── DeliveryNotFound      no such delivery
├── SilenceNotFound       no silence has this number
├── SilenceRefused        the silence is incomplete, too long, or over already
└── ReplayRefused         the delivery is not dead, or the case is dismissed: nothing to send again
"""


class StorageError(Exception):
    """Base of every error that this package raises on purpose; the message is one line for people."""


class DatabaseOutdated(StorageError):
    """The database and this program do not fit together."""


class StorageUnavailable(StorageError):
    """The database cannot be used now: disk full, locked for too long, connection lost."""


class MediaMissing(StorageError):
    """A content address that has no file."""


class CopyRefused(StorageError):
    """A database or a backup cannot be copied like that; nothing was changed."""


class MatchingMissing(StorageError):
    """The index of what was seen was made with a library that is not installed."""


class StampRefused(StorageError):
    """What came is no time stamp on this evidence, or of no authority that is trusted."""


class CaseNotFound(StorageError):
    """No case has this id."""


class ItemNotFound(StorageError):
    """No item has this number."""


class CaseConflict(StorageError):
    """The case has changed since the caller looked at it."""


class JudgementRefused(StorageError):
    """The judgement is incomplete or makes no sense in the case's state."""


class NoticeNotFound(StorageError):
    """No notice has this number or reference, or several have it."""


class NoticeRefused(StorageError):
    """The step makes no sense for the notice, in its case's state, or for this person."""


class NoticeConflict(NoticeRefused):
    """The notice has changed, or says something else, since the caller looked at it."""


class ViewNotFound(StorageError):
    """No saved view has this name."""


class EntryNotFound(StorageError):
    """The ownership register has no entry with this id, or no longer."""


class DeliveryNotFound(StorageError):
    """No delivery has this id."""


class SilenceNotFound(StorageError):
    """No silence has this number."""


class SilenceRefused(StorageError):
    """The silence is incomplete, too long, or over already."""


class ReplayRefused(StorageError):
    """Only a dead delivery can be sent again, and only about a case that is not dismissed."""


class AccountNotFound(StorageError):
    """No account has this login."""


class AccountRefused(StorageError):
    """There is such an account already, or it cannot be one."""
