"""Terrace: configuration in Git, proved right, sealed into bundles and delivered."""

__version__ = "0.1.0"
