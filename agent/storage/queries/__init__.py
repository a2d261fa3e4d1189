"""Statements that outgrew their repository, one file for each."""
