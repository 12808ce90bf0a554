"""Parity: the requests that show whether a service decides as the emulator assumes.

`ask_all` sends them with the function that it gets, and `compare` compares the replies with every
variant of each assumed fact and with the documented ones. Nothing here opens a connection.
"""
