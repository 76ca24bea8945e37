"""What the conformance tests stand on: a hub process, tokens, relays and wire-level clients.

Nothing here knows the hub's source. Everything is written from the contract, so that a mistake in
the hub cannot hide behind the same mistake in its checks.
"""
