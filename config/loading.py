"""Loading: the file and its includes are read, merged, validated and checked, every problem told at once."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from rapidfuzz import fuzz, process

from config import notice_templates
from config.fields import KEY_WORDS
from config.models import Brand, Config, Ownership
from config.problems import ConfigError, Problem
from config.quiet import Quiet
from config.receivers import Receiver
from config.routes import Inhibit, Matcher, Route
from config.sharing import Sharing
from config.sources import KINDS, PLUGGED_PROBLEMS, Source
from config.templates import find_problems
from detector.brands import Scope
from detector.hosts import parse_host

# The lists that included files may add to, and the type of their rows.
LISTS: dict[str, TypeAdapter[Any]] = {
    "brand": TypeAdapter(Brand),
    "ownership": TypeAdapter(Ownership),
    "source": TypeAdapter(Source),
    "receiver": TypeAdapter(Receiver),
    "route": TypeAdapter(Route),
    "quiet": TypeAdapter(Quiet),
    "inhibit": TypeAdapter(Inhibit),
    "sharing": TypeAdapter(Sharing),
}
Origin = dict[tuple[str, int], tuple[Path, str]]  # (list, index in the merged list) -> (file, key path there)


def load(path: Path, *, instead: Mapping[Path, str] = MappingProxyType({})) -> Config:
    """Read the configuration file, its includes, and check everything that needs no network.

    Args:
        path: the file.
        instead: absolute paths of files that are read as if this stood in them: what somebody is about to write.

    Raises:
        ConfigError: with every problem found.
    """
    path = path.absolute()
    main = _read(path, instead)
    problems: list[Problem] = []
    origin: Origin = {}
    lists: dict[str, list[Any]] = {name: [] for name in LISTS}
    for file in (path, *_included(path, main.get("include", []))):
        table = main if file == path else _read(file, instead)
        for name, rows in table.items():
            if name not in LISTS and file != path:
                known = ", ".join(f"[[{known}]]" for known in LISTS)
                problems.append(Problem(str(file), name, f"an included file holds only {known}"))
            elif name in LISTS and not isinstance(rows, list):
                problems.append(Problem(str(file), name, f"expected [[{name}]], got [{name}]"))
            elif name in LISTS:
                for index, row in enumerate(rows):
                    where = f"{name}[{index}]"
                    try:
                        value = LISTS[name].validate_python(row, context={"base": file.parent})
                    except ValidationError as error:
                        problems += [in_words(file, where, LISTS[name], detail) for detail in error.errors()]
                        continue
                    origin[name, len(lists[name])] = (file, where)
                    lists[name].append(value)
    origin["alerting", 0] = (path, "alerting")
    single = {name: value for name, value in main.items() if name not in LISTS}
    try:
        config = Config.model_validate({**single, **lists}, context={"base": path.parent})
    except ValidationError as error:
        problems += [in_words(path, "", TypeAdapter(Config), detail) for detail in error.errors()]
        raise ConfigError(problems) from None
    config._file = path
    problems += [Problem(str(path), "source", problem) for problem in PLUGGED_PROBLEMS]
    if config.alerting.templates is not None:
        problems += [Problem(str(file), "", text) for file, text in find_problems(config.alerting.templates)]
    if (own := config.takedown.templates) is not None:
        found = find_problems(own, notice_templates.FILES, notice_templates.VALUES)
        problems += [Problem(str(file), "", text) for file, text in found]
    problems += [
        Problem(str(origin[row][0]), f"{origin[row][1]}{key}", text) for row, key, text in _contradictions(config)
    ]
    if problems:
        raise ConfigError(problems)
    return config


def _read(path: Path, instead: Mapping[Path, str]) -> dict[str, Any]:
    try:
        return tomllib.loads(instead[path] if path in instead else path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError([Problem(str(path), "", f"cannot be read: {error.strerror}")]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError([Problem(str(path), "", f"is not valid TOML: {error}")]) from error


def _included(path: Path, patterns: object) -> Iterator[Path]:
    for pattern in patterns if isinstance(patterns, list) else []:
        files = sorted(path.parent.glob(str(pattern)))
        if not files:
            raise ConfigError([Problem(str(path), "include", f"no file matches {pattern!r}")])
        yield from files


def in_words(file: Path, prefix: str, adapter: TypeAdapter[Any], detail: ErrorDetails) -> Problem:
    """Word one pydantic error for people; `prefix` is the key path of what the adapter reads."""
    steps = list(detail["loc"])
    if prefix.startswith(("source", "receiver")) and steps and steps[0] in _TAGS:
        steps.pop(0)  # which model of the union it is; no key of the file
    where = prefix
    for step in steps:
        where += f"[{step}]" if isinstance(step, int) else f".{step}" if where else str(step)
    message = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden":
        near = process.extractOne(
            str(steps[-1]), sorted(_known_keys(adapter, detail["loc"][:-1])), scorer=fuzz.ratio, score_cutoff=60
        )
        message = "unknown key" + (f"; did you mean {near[0]!r}?" if near else "")
    elif detail["type"] == "missing":
        message = "is missing"
    elif detail["type"] == "union_tag_not_found":
        message = f"{detail['ctx']['discriminator']} is missing".replace("'", "")
    elif detail["type"] == "union_tag_invalid":
        where += "." + str(detail["ctx"]["discriminator"]).strip("'")
        message = f"expected {detail['ctx']['expected_tags']}, got {detail['ctx']['tag']!r}"
    elif detail["type"] == "string_pattern_mismatch":
        message = f"expected {KEY_WORDS}, got {detail['input']!r}"
    return Problem(str(file), where, message)


_RECEIVERS = get_args(get_args(Receiver)[0])
_CHANNELS = {channel for model in _RECEIVERS for channel in get_args(model.model_fields["channel"].annotation)}
_TAGS = _CHANNELS | {kind for model in KINDS for kind in model.kinds()}


def _known_keys(adapter: TypeAdapter[Any], steps: tuple[int | str, ...]) -> set[str]:
    """Return the property names that the JSON Schema allows at the place an unknown key was found."""
    schema = adapter.json_schema()
    definitions = schema.get("$defs", {})

    def resolve(node: Mapping[str, Any]) -> Mapping[str, Any]:
        node = next((one for one in node.get("anyOf", ()) if "$ref" in one), node)  # a table, or nothing
        return definitions[node["$ref"].rpartition("/")[2]] if "$ref" in node else node

    node = resolve(schema)
    for step in steps:
        if isinstance(step, str) and "discriminator" in node:
            node = resolve({"$ref": node["discriminator"]["mapping"][step]})
        elif isinstance(step, str):
            node = resolve(node.get("properties", {}).get(step, {}))
        else:
            node = resolve(node.get("items", node))
    return set(node.get("properties", {}))


def _contradictions(config: Config) -> Iterator[tuple[tuple[str, int], str, str]]:
    """Yield ((list, index), key suffix, message) for what is well-formed but cannot work."""
    for name in ("brand", "source", "receiver", "route", "quiet", "sharing"):
        seen: set[str] = set()
        for index, row in enumerate(getattr(config, name)):
            if row.key is None:
                continue
            if row.key in seen:
                yield (name, index), ".key", f"{row.key!r} is used twice"
            seen.add(row.key)
    brands = {brand.key for brand in config.brand}
    sources = {source.key for source in config.source}
    receivers = {receiver.key for receiver in config.receiver}
    for index, brand in enumerate(config.brand):
        for position, account in enumerate(brand.accounts):
            if not all(account.partition(":")[::2]):
                yield ("brand", index), f".accounts[{position}]", "expected PLATFORM:ID"
        for position, domain in enumerate(brand.domains):
            if parse_host(domain) is None:
                yield ("brand", index), f".domains[{position}]", f"expected a host such as shop.example, got {domain!r}"
    for index, entry in enumerate(config.ownership):
        yield from _unknown(("ownership", index), ".brand", (entry.brand,), brands, "brand")
        try:
            Scope.parse(entry.scope)
        except ValueError as error:
            yield ("ownership", index), ".scope", str(error)
    for index, source in enumerate(config.source):
        yield from _unknown(("source", index), ".brands", source.brands, brands, "brand")
    for key in config.alerting.sources:
        if key not in receivers:
            yield ("alerting", 0), ".sources", f"there is no receiver {key!r}"
    quiets = {quiet.key for quiet in config.quiet}
    for index, route in enumerate(config.route):
        row = ("route", index)
        yield from _unknown(row, ".receivers", route.receivers, receivers, "receiver")
        yield from _unknown(row, ".escalate_to", route.escalate_to, receivers, "receiver")
        yield from _unknown(row, ".quiet", (route.quiet,) if route.quiet else (), quiets, "quiet")
        yield from _unmatched(row, "", route, brands, sources)
    for index, inhibit in enumerate(config.inhibit):
        yield from _unmatched(("inhibit", index), ".source", inhibit.source, brands, sources)
        yield from _unmatched(("inhibit", index), ".target", inhibit.target, brands, sources)


def _unmatched(
    row: tuple[str, int], key: str, matcher: Matcher, brands: set[str], sources: set[str]
) -> Iterator[tuple[tuple[str, int], str, str]]:
    yield from _unknown(row, f"{key}.brands", matcher.brands, brands, "brand")
    yield from _unknown(row, f"{key}.sources", matcher.sources, sources, "source")


def _unknown(
    row: tuple[str, int], key: str, used: tuple[str, ...], known: set[str], noun: str
) -> Iterator[tuple[tuple[str, int], str, str]]:
    for value in used:
        if value not in known:
            near = process.extractOne(value, sorted(known), scorer=fuzz.ratio, score_cutoff=60)
            yield row, key, f"there is no {noun} {value!r}" + (f"; did you mean {near[0]!r}?" if near else "")
