"""Takedown: from a confirmed case to notices, evidence that can be checked offline, and what is shared with others.

1. `story`: all that is known of the case.
2. `actors`: who has a part in its journey; `catalogue`, `fitting`: where each takes complaints.
3. `plan`: what to do first; `drafting`: one notice filled, or all that is missing for it.
4. `filing`: it leaves on a person's word; `replies`: what came back; `storage.notices` keeps what happens to it.
5. `bundle`: everything that proves the case; `sharing`: what of it others get.
"""
