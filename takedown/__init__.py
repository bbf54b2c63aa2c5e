"""Takedown: from a confirmed case to notices, evidence that can be checked offline, and what is shared with others."""
