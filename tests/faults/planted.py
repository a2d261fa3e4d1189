"""The bugs of all checks that have a test module of their own: those of issuers."""

from collections.abc import Mapping

from tests.faults.deferring import DEFERRING
from tests.faults.documents import DOCUMENTS
from tests.faults.front import Bug
from tests.faults.issuing import AUTHORIZING
from tests.faults.protecting import PROTECTING
from tests.faults.publishing import PUBLISHING
from tests.faults.sealing import SEALING

ISSUING: Mapping[str, tuple[str, Bug]] = {
    **AUTHORIZING,
    **PROTECTING,
    **PUBLISHING,
    **SEALING,
    **DEFERRING,
    **DOCUMENTS,
}
