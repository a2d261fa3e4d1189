"""All groups in one list, and running them over a database."""

from tests.agent.storage.isolation import (
    privileges,
    rows,
    rules_of_checking,
    rules_of_issuing,
    sessions,
    whole_catalogue,
)
from tests.agent.storage.isolation.cases import Case

CASES: tuple[Case, ...] = (
    *rows.CASES,
    *privileges.CASES,
    *sessions.CASES,
    *whole_catalogue.CASES,
    *rules_of_issuing.CASES,
    *rules_of_checking.CASES,
)
