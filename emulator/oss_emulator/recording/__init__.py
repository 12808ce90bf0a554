"""Recorded answers of the service: reads them, plays them and compares.

A scenario is a list of requests with the answers that the service gave. `docs/fidelity.md` says
what is compared, and `fixtures/recorded/README.md` describes the form of the files.
"""
