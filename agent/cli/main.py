"""The `chancery` command. Each verb's file is imported when the verb is used, so that starting costs little."""

from importlib import import_module

import click

_VERBS = {
    "up": "serving",
    "serve": "serving",
    "work": "serving",
    "migrate": "serving",
    "tenant": "tenants",
    "offer": "issuing",
    "revoke": "issuing",
    "cancel": "issuing",
    "suspend": "issuing",
    "reinstate": "issuing",
    "message": "issuing",
    "request": "verifying",
    "result": "verifying",
    "report": "reporting",
    "evidence": "proving",
    "policy": "policies",
    "query": "verifying",
    "verifier": "verifying",
    "ca": "trusting",
    "trust": "trusting",
    "audit": "auditing",
    "did": "identifying",
    "didcomm": "talking",
    "user": "accounts",
    "client": "accounts",
    "issuer": "accounts",
    "person": "people",
    "presentation": "people",
    "retention": "keeping",
    "archive": "keeping",
    "statistics": "statistics",
    "move": "moving",
    "limits": "limits",
    "tier": "limits",
    "settings": "tenant_settings",
    "backup": "backing_up",
    "restore": "backing_up",
    "drill": "drilling",
    "upgrade": "upgrading",
    "compliance": "keeping",
    "quality": "quality",
    "jobs": "jobs",
    "database": "databases",
    "configuration": "configurations",
    "key": "keys",
    "type": "keys",
    "plugins": "inspecting",
    "plugin": "plugin_authoring",
    "doctor": "inspecting",
    "bench": "measuring",
}

_NAMES = {"type": "type_"}


class _Verbs(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _VERBS:
            return None
        found: click.Command = getattr(import_module(f"agent.cli.{_VERBS[cmd_name]}"), _NAMES.get(cmd_name, cmd_name))
        return found


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="chancery")
@click.option("--until-eof", is_flag=True, hidden=True, help="End when standard input does: who started us has died.")
@click.pass_context
def main(context: click.Context, until_eof: bool) -> None:
    """Issue, hold, request and verify digital credentials."""
    context.obj = {"until_eof": until_eof}
