"""Model: what every table of the configuration is."""

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict

from safety.secret import Secret


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=False)

    def secrets(self) -> Iterator[tuple[str, Secret]]:
        """Yield every secret reference of this table with its key, `headers.NAME` for those in a table of its own."""
        for name, value in self:
            if isinstance(value, Secret):
                yield name, value
            elif isinstance(value, tuple):
                yield from ((name, secret) for secret in value if isinstance(secret, Secret))
            elif isinstance(value, dict):
                yield from ((f"{name}.{key}", secret) for key, secret in value.items() if isinstance(secret, Secret))
