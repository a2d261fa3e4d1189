"""`chancery settings`: how the tenant has set itself up."""

import json
from typing import Any

import click

from agent.cli.client import Client, json_flag, show, stop


@click.command()
@click.argument("pairs", nargs=-1)
@json_flag
def settings(pairs: tuple[str, ...], as_json: bool) -> None:
    """Show the settings, or set some: SECTION.KEY=VALUE, VALUE being JSON or a text; null takes one away.

    Sections: features, branding, security, notifications.
    """
    if not pairs:
        answer = Client().get("/configuration")
        lines = [f"{name}.{key}={json.dumps(one)}" for name, keys in answer.items() for key, one in keys.items()]
        show(answer, as_json, "\n".join(lines))
        return
    body: dict[str, dict[str, Any]] = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        section, _, key = name.partition(".")
        if not key:
            stop(f"{pair} is not SECTION.KEY=VALUE", 2)
        body.setdefault(section, {})[key] = _value(value)
    Client().patch("/configuration", body)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
