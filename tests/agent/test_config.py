"""Settings: typed, frozen, and a typo is an error."""

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from agent.config import ConfigurationError, read


def test_nothing_set_means_a_development_server_on_loopback() -> None:
    config = read({})
    assert (config.host, config.port, config.profile) == ("127.0.0.1", 8000, "development")
    assert config.origin == "http://localhost:8000"


def test_values_are_typed_and_frozen(tmp_path: Path) -> None:
    config = read({"CHANCERY_PORT": "81", "CHANCERY_HOME": str(tmp_path), "PATH": "/bin"})
    assert config.port == 81
    assert config.home == tmp_path
    with pytest.raises(FrozenInstanceError):
        config.port = 82  # type: ignore[misc]


def test_a_secret_arrives_as_a_file(tmp_path: Path) -> None:
    (tmp_path / "dsn").write_text("postgresql://somebody@somewhere/db\n")
    assert read({"CHANCERY_DATABASE_URL": f"@{tmp_path}/dsn"}).database_url == "postgresql://somebody@somewhere/db"
    with pytest.raises(ConfigurationError, match="CHANCERY_DATABASE_URL"):
        read({"CHANCERY_DATABASE_URL": f"@{tmp_path}/none"})


@pytest.mark.parametrize(
    ("variable", "value"),
    [("CHANCERY_PROT", "81"), ("CHANCERY_PORT", "eighty"), ("CHANCERY_PORT", "-1"), ("CHANCERY_PROFILE", "fast")],
)
def test_what_is_wrong_is_named(variable: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=variable):
        read({variable: value})


def test_production_is_https() -> None:
    with pytest.raises(ConfigurationError, match="CHANCERY_PUBLIC_URL"):
        read({"CHANCERY_PROFILE": "production"})
    with pytest.raises(ConfigurationError, match="CHANCERY_PUBLIC_URL"):
        read({"CHANCERY_PROFILE": "production", "CHANCERY_PUBLIC_URL": "http://issuer.example"})
    assert read({"CHANCERY_PROFILE": "production", "CHANCERY_PUBLIC_URL": "https://issuer.example/"}).origin == (
        "https://issuer.example"
    )


def test_a_plugin_reads_its_own_section() -> None:
    config = read({"CHANCERY_PLUGIN_PKCS11_MODULE": "/lib/hsm.so", "CHANCERY_PLUGIN_WEB_PLAIN_HTTP": "localhost"})
    assert config.plugin_section("pkcs11") == {"module": "/lib/hsm.so"}
    assert config.plugin_section("web") == {"plain_http": "localhost"}
    assert config.plugin_section("jwk") == {}
