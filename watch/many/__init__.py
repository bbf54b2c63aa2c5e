"""Many workers on one queue in PostgreSQL: what waits, who does it, which of them puts in what is due."""
