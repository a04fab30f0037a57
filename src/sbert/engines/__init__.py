"""How a forward pass runs: one small interface, and the engines behind it."""
