"""Pure parsers: bytes in, builtin values out; they never fetch and run in a sandboxed child (`safety.sandbox`)."""
