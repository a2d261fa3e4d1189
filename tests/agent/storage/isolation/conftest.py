"""Cases assert in modules that are no tests themselves: let their failures speak as well."""

import pytest

pytest.register_assert_rewrite("tests.agent.storage.isolation")
