"""Write the configuration reference: `python docs/configuration.py > docs/configuration.md`."""

import json
from pathlib import Path
from typing import Any

from config import Config
from config.sources import OURS

HEAD = """# Configuration

One TOML file. Paths are relative to the file they stand in; secrets are only ever `env:NAME` or `file:PATH`; an unknown
key is an error that names the nearest known one. `mekiki init` writes the commented example below, `mekiki config
check` reads everything it names, `mekiki config schema` prints the JSON Schema for editors.

`include = ["brands/*.toml"]`, at the top of the main file, adds the `[[…]]` entries of other files.

This page is written by `python docs/configuration.py` from the models in `config`.
"""
TABLES = {
    "Storage": "[storage]",
    "Crawler": "[crawler]",
    "Egress": "[egress]",
    "Visitor": "[[visitor]]",
    "Detector": "[detector]",
    "Watching": "[watch]",
    "Board": "[board]",
    "SingleSignOn": "[board.oidc]",
    "Alerting": "[alerting]",
    "Triage": "[triage]",
    "Takedown": "[takedown]",
    "Filer": "[takedown.filer]",
    "NoticeMail": "[takedown.mail]",
    "Account": "[[takedown.account]]",
    "Brand": "[[brand]]",
    "Owner": "[[brand]] owner",
    "Trademark": "[[brand.trademark]]",
    "Authority": "[[brand.authority]]",
    "Ownership": "[[ownership]]",
    **{model.__name__: f'[[source]] kind = "{kind}"' for model in OURS for kind in model.kinds()},
    "WebhookReceiver": '[[receiver]] channel = "webhook"',
    "SlackReceiver": '[[receiver]] channel = "slack"',
    "TeamsReceiver": '[[receiver]] channel = "teams"',
    "DiscordReceiver": '[[receiver]] channel = "discord"',
    "GoogleChatReceiver": '[[receiver]] channel = "google_chat"',
    "LineWorksReceiver": '[[receiver]] channel = "line_works"',
    "ChatworkReceiver": '[[receiver]] channel = "chatwork"',
    "PagerDutyReceiver": '[[receiver]] channel = "pagerduty"',
    "AppriseReceiver": '[[receiver]] channel = "apprise"',
    "EmailReceiver": '[[receiver]] channel = "email"',
    "Route": "[[route]]",
    "Quiet": "[[quiet]]",
    "Inhibit": "[[inhibit]]",
}


def kind(node: dict[str, Any]) -> str:
    """Word a JSON Schema type."""
    if "enum" in node:
        return " or ".join(f"`{json.dumps(value)}`" for value in node["enum"])
    if "const" in node:
        return f"`{json.dumps(node['const'])}`"
    if "anyOf" in node:
        return kind(next(option for option in node["anyOf"] if option.get("type") != "null"))
    if node.get("type") == "array":
        return f"list of {kind(node.get('items', {}))}"
    if "$ref" in node:
        return "table"
    if node.get("type") == "object":
        return f"table of {kind(node['additionalProperties'])}"
    return str(node.get("format") or node.get("type") or "value")


def reference() -> str:
    """Return the whole page."""
    definitions = Config.model_json_schema()["$defs"]
    parts = [HEAD]
    for name, title in TABLES.items():
        model = definitions[name]
        parts.append(f"\n## `{title}`\n\n{model['description']}\n\n| key | type | default |\n|---|---|---|\n")
        for key, node in model["properties"].items():
            required = key in model.get("required", [])
            default = "required" if required else f"`{json.dumps(node.get('default'), ensure_ascii=False)}`"
            parts.append(f"| `{key}` | {kind(node)} | {default} |\n")
    example = Path("console/starter.toml").read_text("utf-8")
    parts.append(f"\n## A complete example\n\n```toml\n{example}```\n")
    return "".join(parts)


if __name__ == "__main__":
    print(reference(), end="")  # noqa: T201 (the page is this script's output)
