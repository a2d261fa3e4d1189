"""Logs and spans: code words only, whatever a caller passes in."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import telemetry


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("chancery").setLevel(logging.NOTSET)
    telemetry._tracer = None


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_field_that_nobody_listed_is_dropped(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.start("info")
    telemetry.log("refused", code="invalid_grant", given_name="Erika", access_token="abc")
    (line,) = lines(capsys)
    assert line["event"] == "refused"
    assert line["code"] == "invalid_grant"
    assert not {"given_name", "access_token"} & set(line)


def test_an_exceptions_message_is_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.start("info")
    try:
        int("Erika Mustermann")
    except ValueError:
        telemetry.failure("task_failed", task="seals")
    (line,) = lines(capsys)
    assert line["error"] == "ValueError"
    assert "test_telemetry.py" in str(line["where"])
    assert "Erika" not in json.dumps(line)


def test_a_librarys_words_are_not_ours_to_pass_on(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.start("info")
    logging.getLogger("aiohttp.server").error("Error handling request of %s", "Erika")
    (line,) = lines(capsys)
    assert line["event"] == "library"
    assert "Erika" not in json.dumps(line)


def test_a_level_is_a_level(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.start("error")
    telemetry.log("listening")
    assert lines(capsys) == []


def test_spans_are_written_when_asked_for_and_redacted(tmp_path: Path) -> None:
    with telemetry.span("token", tenant="alpha"):
        pass  # off: nothing to write to
    telemetry.start("info", traces=str(tmp_path / "spans"))
    with pytest.raises(ValueError, match="Erika"), telemetry.span("token", tenant="alpha", subject="Erika"):
        raise ValueError("Erika")
    written = (tmp_path / "spans").read_text()
    assert '"name": "token"' in written
    assert "alpha" in written
    assert "Erika" not in written
