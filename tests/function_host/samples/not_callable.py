"""An entry point that leads to no function."""

handler = {"a": 1}
