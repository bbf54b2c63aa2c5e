"""The web board: what the terminal cannot show. Reads and writes through the same functions; decides nothing itself."""
