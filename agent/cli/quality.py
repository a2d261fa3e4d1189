"""`chancery quality`: rules over the tenant's data, what they found, as text, JSON or a page."""

import sys
from pathlib import Path
from typing import Any

import click

from agent.cli.client import FAILED, Client, json_flag, show

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Data quality</title>
<style>body{font:16px system-ui;margin:2em;max-width:70em}td,th{padding:.3em .8em;text-align:left}
.no{color:#a00}.yes{color:#060}</style><h1>Data quality</h1>
<table><tr><th>dimension<th>rule<th>table<th>failed<th>of<th>allowed<th>holds<th>before</tr>
{% for one in rules %}<tr><td>{{ one.dimension }}<td>{{ one.name }}<td>{{ one.table }}
<td>{{ one.trend[0].failed if one.trend }}<td>{{ one.trend[0].checked if one.trend }}<td>{{ one.threshold }}
<td class="{{ 'no' if one.kept is false else 'yes' }}">
{{ {true: 'yes', false: 'no'}[one.kept] if one.trend else 'not checked' }}
<td>{% for past in one.trend[1:] %}{{ past.failed }} {% endfor %}</tr>{% endfor %}</table>
<h2>Tables</h2><table><tr><th>table<th>rows<th>columns that lack in some</tr>
{% for one in profiles %}<tr><td>{{ one.table }}<td>{{ one.rows }}
<td>{% for name, share in one.present.items() %}{{ name }} {{ '%.0f' % (100 * share) }} % {% endfor %}</tr>{% endfor %}
</table></html>
"""


@click.group(invoke_without_command=True)
@click.option("--check", is_flag=True, help="Look now, instead of telling what was found the last time.")
@click.option("--page", type=click.Path(dir_okay=False, path_type=Path), help="Write the report there as HTML.")
@json_flag
@click.pass_context
def quality(context: click.Context, check: bool, page: Path | None, as_json: bool) -> None:
    """What the rules found. Ends 1 when one does not hold."""
    if context.invoked_subcommand:
        return
    client = Client()
    answer = client.post("/quality/checks", {}) if check else client.get("/quality")
    if page:
        page.write_text(rendered(answer), encoding="utf-8")
    show(answer, as_json, "\n".join(_line(one) for one in answer["rules"]))
    if any(one["active"] and one["kept"] is False for one in answer["rules"]):
        sys.exit(FAILED)


def rendered(answer: Any) -> str:
    """The report as a page."""
    from jinja2 import Environment

    return Environment(autoescape=True).from_string(_PAGE).render(answer)


def _line(one: Any) -> str:
    found = f"{one['trend'][0]['failed']} of {one['trend'][0]['checked']}" if one["trend"] else "not checked"
    word = "off" if not one["active"] else {True: "holds", False: "FAILS", None: ""}[one["kept"]]
    return f"{one['id']}  {one['dimension']:12} {one['name']:34} {found:16} {word}"


@quality.command(name="set")
@click.argument("rule")
@click.option("--threshold", type=click.FloatRange(0, 1), help="Which share of the rows may fail.")
@click.option("--on/--off", "active", default=None, help="Whether it is checked.")
def set_(rule: str, threshold: float | None, active: bool | None) -> None:
    """Change a rule."""
    body = {"threshold": threshold, "active": active}
    Client().patch(f"/quality/rules/{rule}", {name: value for name, value in body.items() if value is not None})
