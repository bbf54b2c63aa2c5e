"""The index of what was seen: which pictures and texts among millions are near one, and only proposals.

Two kinds of files lie in a folder beside the media store. Which of them hold is said by one small file, replaced by
renaming: whoever is killed while writing leaves the index as it was.

`shelf`: codes of one length with ids, near ones found. `files`: what lies in the folder, checked before it is believed.
`index`: brought up to date from the database, made anew, rid of what retention removed. What comes of a proposal is
said by `storage.seen_before`.
"""

from storage.likeness.index import LikenessIndex, Told, open_index

__all__ = ["LikenessIndex", "Told", "open_index"]
