"""Mail to whom tenants name, through the one server that who operates Chancery chose."""

from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import aiosmtplib

from agent.scope.settings import Letter

_SECONDS = 20.0
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class NotSent(Exception):
    """The server did not take the message: says by which kind of error, never to whom."""


class Mailer:
    """`url` is smtp://user:password@host:port, or smtps:// for TLS from the first byte. Over smtp:// TLS is demanded,
    but of a server on this machine. An empty one sends nothing."""

    def __init__(self, url: str, sender: str) -> None:
        self._url, self._sender = urlsplit(url), sender
        if url and (self._url.scheme not in ("smtp", "smtps") or not self._url.hostname or "@" not in sender):
            raise ValueError("CHANCERY_SMTP_URL is smtp://host or smtps://host, and CHANCERY_MAIL_FROM an address")

    @property
    def on(self) -> bool:
        """Whether there is a server."""
        return bool(self._url.hostname)

    async def send(self, letter: Letter) -> None:
        """Once, to all. Raises NotSent."""
        made = EmailMessage()
        made["From"], made["To"], made["Subject"] = self._sender, ", ".join(letter.to), letter.subject
        made["Message-ID"] = f"<{letter.message}@{self._sender.rpartition('@')[2]}>"
        made["Auto-Submitted"] = "auto-generated"
        made.set_content(letter.text)
        user, password = self._url.username, self._url.password
        tls = self._url.scheme == "smtps"
        try:
            await aiosmtplib.send(
                made,
                hostname=self._url.hostname,
                port=self._url.port or (465 if tls else 587),
                username=unquote(user) if user else None,
                password=unquote(password) if password else None,
                use_tls=tls,
                start_tls=False if tls else None if self._url.hostname in _LOOPBACK else True,
                timeout=_SECONDS,
            )
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise NotSent(type(error).__name__) from None
