"""Sharing: what of confirmed cases leaves, and in which form. A profile decides; by default nothing personal.

Flow: a profile (`profile`) -> a story, or the fraud hosts of all cases -> what may leave of it (`select`; `fences`
keeps own, registered and shared hosts back, `personal` what could tell of people) -> STIX, MISP, rows, XARF (`stix`,
`misp`, `table`, `xarf`), or lists for filters (`feed`).
"""
