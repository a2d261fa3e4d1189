"""All groups in one list, and running them over a database."""

from tests.agent.storage.isolation import privileges, rows, sessions, whole_catalogue
from tests.agent.storage.isolation.cases import Case

CASES: tuple[Case, ...] = (*rows.CASES, *privileges.CASES, *sessions.CASES, *whole_catalogue.CASES)
