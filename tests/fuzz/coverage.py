"""One parser under coverage-guided fuzzing: `python -m tests.fuzz.coverage TARGET SECONDS CORPUS`."""

import sys

import atheris

with atheris.instrument_imports(include=["protocols", "plugins"]):
    from tests.fuzz.targets import meet, target


def main() -> None:
    """Ends 0 when the time is over, anything else when the parser crashed or was too slow."""
    name, seconds, corpus = sys.argv[1:4]
    found = target(name)
    arguments = [sys.argv[0], f"-max_total_time={seconds}", "-max_len=20000", "-timeout=5", "-verbosity=0", corpus]
    atheris.Setup(arguments, lambda octets: meet(found, octets) and None)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
