"""Recorded answers of the service: reads scenarios, plays them and compares the answers.

A scenario is a list of requests and the answers of the service. `docs/fidelity.md` says what is
compared, and `fixtures/recorded/README.md` describes the format of the files.
"""
