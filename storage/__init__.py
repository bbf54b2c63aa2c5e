"""What was seen, judged, decided and told: a database, and a content-addressed folder for pictures."""
