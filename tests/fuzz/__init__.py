"""Parsers meet what nobody wrote: seconds of it in every test run, ten minutes for each parser in `make nightly`."""
