"""A browser without JavaScript and the person before it: keeps cookies, follows redirects, fills in forms.

It knows no server's pages: a form is the one that has the fields, or the button, that the target file names.
"""

import html.parser
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urljoin, urlsplit

from conformance.http import Answer
from conformance.issuing import SignIn
from conformance.session import Session
from conformance.verdict import Blocked, skip

MOST_STEPS = 12


@dataclass(slots=True)
class Form:
    """A form: where it goes, what is in it, and the names and values of its buttons and fields by their ids."""

    method: str
    action: str
    values: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict)

    def filled(self, fields: Mapping[str, str]) -> dict[str, str]:
        """What the person puts in, by the name of each input; an empty text leaves what the page put there."""
        return {self.inputs[one]: text for one, text in fields.items() if text and one in self.inputs}


class _Forms(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._open: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(found.get("method", "get").upper(), found.get("action", ""))
            self.forms.append(self._open)
        elif self._open is None:
            return
        elif tag == "button" or (tag == "input" and found.get("type") == "submit"):
            self._open.buttons[found.get("id", found.get("name", ""))] = found.get("name", ""), found.get("value", "")
        elif tag == "input" and found.get("name"):
            self._open.inputs |= {found["name"]: found["name"], found.get("id", found["name"]): found["name"]}
            self._open.values[found["name"]] = found.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None


def forms_of(page: str) -> list[Form]:
    parser = _Forms()
    parser.feed(page)
    return parser.forms


@dataclass(slots=True)
class Browser:
    """One browser; its cookies are kept by name, for all the pages are of one server."""

    session: Session
    redirect_uri: str
    sign_in: SignIn
    cookies: dict[str, str] = field(default_factory=dict)
    pages: list[Answer] = field(default_factory=list)

    @classmethod
    def of(cls, session: Session, redirect_uri: str) -> "Browser":
        if session.target.issuing.sign_in is None:
            skip("the target file has no [issuer.sign_in]")
        return cls(session, redirect_uri, session.target.issuing.sign_in)

    async def go(self, method: str, url: str, form: Mapping[str, str] | None = None) -> Answer:
        """One exchange, no redirect followed."""
        jar = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}
        headers = {"Accept": "text/html", **jar}
        answer = await self.session.http.call(method, url, headers=headers, **({"data": form} if form else {}))
        for line in answer.set_cookies:
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name.strip()] = value.strip()
        self.pages.append(answer)
        return answer

    async def open(self, url: str) -> Answer:
        """Open and follow redirects, but not the one to the client: a page, or that redirect."""
        answer = await self.go("GET", url)
        for _ in range(MOST_STEPS):
            if answer.status not in {301, 302, 303, 307, 308} or self.landed(answer):
                return answer
            answer = await self.go("GET", urljoin(answer.url, answer.headers.get("Location", "")))
        raise Blocked("redirects without an end")

    def landed(self, answer: Answer) -> bool:
        """Whether this answer sends the browser back to the client."""
        location = urlsplit(answer.headers.get("Location", ""))
        wanted = urlsplit(self.redirect_uri)
        return answer.status in {301, 302, 303, 307, 308} and (location.scheme, location.netloc, location.path) == (
            wanted.scheme,
            wanted.netloc,
            wanted.path,
        )

    async def decide(self, answer: Answer, button: str) -> Answer:
        """From a page on: sign in where it asks for that, press the button, to the redirect or a page without forms."""
        for _ in range(MOST_STEPS):
            if self.landed(answer):
                return answer
            forms = forms_of(answer.text()) if answer.status < 400 else []
            step = next((f for f in forms if button in f.buttons), None)
            if step:
                name, value = step.buttons[button]
                answer = await self._submit(answer, step, {name: value} if name else {})
                continue
            step = next((f for f in forms if f.inputs.keys() & self.sign_in.fields.keys()), None)
            if step is None:
                return answer
            answer = await self._submit(answer, step, step.filled(self.sign_in.fields))
        raise Blocked("signing in has no end")

    async def _submit(self, page: Answer, form: Form, more: Mapping[str, str]) -> Answer:
        url = urljoin(page.url, form.action)
        answer = await self.go(form.method, url, {**form.values, **more})
        for _ in range(MOST_STEPS):
            if answer.status not in {301, 302, 303, 307, 308} or self.landed(answer):
                return answer
            answer = await self.go("GET", urljoin(answer.url, answer.headers.get("Location", "")))
        raise Blocked("redirects without an end")


def parameters_of(answer: Answer) -> dict[str, str]:
    """The parameters of an authorization response."""
    return dict(parse_qsl(urlsplit(answer.headers.get("Location", "")).query, keep_blank_values=True))
