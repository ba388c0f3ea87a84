"""Hooks that come with Terrace, each a program of its own: `python -m terrace.secrets.hooks.postgresql`."""
