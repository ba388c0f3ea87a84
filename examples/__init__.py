"""Applications that show how a bundle is used. Each starts with one command: see the README beside it."""
