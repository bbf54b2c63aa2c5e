"""Find a policy by what a person or a stored verdict calls it: a file, or a version."""

from collections.abc import Iterator
from pathlib import Path

from config import Config
from config.policy import load_policy
from detector.policy import Policy, PolicyError, shipped_policy, shipped_versions


def policy_in_use(config: Config) -> Policy:
    """Return the policy that the configuration names, or the newest shipped one."""
    return load_policy(config.detector.policy)


def named_policy(name: str, config: Config) -> Policy:
    """Return the policy of a file or a version, to judge with.

    Raises:
        PolicyError: there is none, or it is wrong.
    """
    if name.endswith(".toml"):
        return load_policy(Path(name))
    return policy_of(name, config)


def policy_of(version: str, config: Config, extra: Path | None = None) -> Policy:
    """Return the policy of a version, to replay with: shipped, configured, or in a file beside the configured one.

    Raises:
        PolicyError: no such policy is at hand.
    """
    if version in shipped_versions():
        return shipped_policy(version)
    for policy in _at_hand(config, extra):
        if policy.version == version:
            return policy
    where = f" or beside {config.detector.policy}" if config.detector.policy else ""
    raise PolicyError(
        f"policy {version!r} is not at hand: it was not shipped, and is not in a file given by --policy{where}"
    )


def versions_at_hand(config: Config, extra: Path | None = None) -> set[str]:
    """Return every version that would be found."""
    return {*shipped_versions(), *(policy.version for policy in _at_hand(config, extra))}


def _at_hand(config: Config, extra: Path | None) -> Iterator[Policy]:
    files = [] if extra is None else [extra, *sorted(extra.parent.glob("*.toml"))]
    if config.detector.policy is not None:
        files += [config.detector.policy, *sorted(config.detector.policy.parent.glob("*.toml"))]
    for file in dict.fromkeys(files):
        try:
            yield load_policy(file, known=())
        except PolicyError:
            if file in (extra, config.detector.policy) and file.exists():
                raise
            continue  # other files of the folder need not be policies
