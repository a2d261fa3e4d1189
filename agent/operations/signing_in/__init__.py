"""Signing in and consenting: a person in front of the authorization server."""
