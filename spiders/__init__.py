"""Sources: each turns a place on the network or a file into Items and Sightings. `pages` holds the pure parsers."""
