"""What leaves: outbox -> route -> alert (frozen) -> channel -> receipt. Channels send or raise; `dispatch` retries."""
