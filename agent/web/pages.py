"""Server-rendered pages: templates that escape, one style, a content security policy that allows nothing else."""

from base64 import b64encode
from functools import cache
from hashlib import sha256
from io import BytesIO
from typing import Any

import segno
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from agent.scope import Scope
from protocols.http import Reply

STYLE = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;margin:0;color:#1b1f24;background:#f6f7f9}
header{background:#1f3a5f;color:#fff;padding:.8rem 1.5rem}
main{max-width:44rem;margin:1.5rem auto;padding:0 1.5rem}
section,figure,table{background:#fff;border:1px solid #d5d9de;border-radius:.5rem;padding:1rem 1.5rem;margin:1rem 0}
@media (prefers-color-scheme:dark){
body{color:#e6e9ed;background:#14181d}
section,table{background:#1d232a;border-color:#3a424c}
a{color:#9cc4f5}
}
label{display:block;margin:.5rem 0}
button{background:#1f3a5f;color:#fff;border:0;border-radius:.3rem;padding:.6rem 1.2rem;font:inherit}
svg{width:18rem;height:18rem;max-width:100%}
th{text-align:left;padding-right:1.5rem}
"""
_templates = Environment(
    loader=PackageLoader("agent.web"), autoescape=select_autoescape(), undefined=StrictUndefined, auto_reload=False
)


@cache
def _style(accent: str | None) -> tuple[str, str]:
    """The style with a tenant's color (six hex digits, checked when it was set), and the policy that allows it."""
    style = STYLE
    if accent:
        red, green, blue = (int(accent[at : at + 2], 16) for at in (1, 3, 5))
        text = "#000" if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else "#fff"  # readable on either
        style += f"header,button{{background:{accent};color:{text}}}\n"
    hashed = b64encode(sha256(style.encode()).digest()).decode()
    policy = ["default-src 'none'", f"style-src 'sha256-{hashed}'", "img-src data:", "frame-ancestors 'none'"]
    return style, "; ".join([*policy, "base-uri 'none'"])


def page(
    scope: Scope,
    template: str,
    status: int = 200,
    refresh: int = 0,
    form_action: str = "",
    script: str = "",
    inline: str = "",
    **values: Any,
) -> Reply:
    """One page of a tenant. `form_action` is where an answer to a form may lead beside here. The one script that runs,
    and speaks to this server alone, is at the address `script` or is `inline` itself."""
    style, allowed = _style(scope.catalogue.tenant.accent_color)
    text = _templates.get_template(template).render(
        tenant=scope.catalogue.tenant.name or scope.catalogue.verifier_name,
        base=scope.tenant.base_url,
        style=Markup(style),  # noqa: S704  # ours
        refresh=refresh,
        script=script,
        inline=Markup(inline),  # noqa: S704  # ours
        **values,
    )
    policy = f"{allowed}; {_runs(script, inline)}" if script or inline else allowed
    headers = {
        "Content-Security-Policy": f"{policy}; form-action 'self' {form_action}".rstrip(),
        "Cache-Control": "no-store",
    }
    return Reply(status, text.encode(), "text/html; charset=utf-8", headers)


def _runs(script: str, inline: str) -> str:
    """The content security policy's words for one script: its address, or its hash."""
    source = script or f"'sha256-{b64encode(sha256(inline.encode()).digest()).decode()}'"
    return f"script-src {source}; connect-src 'self'"


def qr(link: str) -> Markup:
    """The link as a QR code in inline SVG."""
    out = BytesIO()
    segno.make(link, error="l", micro=False).save(out, kind="svg", xmldecl=False, svgns=True, border=2, scale=4)
    return Markup(out.getvalue().decode())  # noqa: S704  # made by the library from modules, not from text
