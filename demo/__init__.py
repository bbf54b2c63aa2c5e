"""A loopback world with planted frauds, walked by the same code that runs in production."""
