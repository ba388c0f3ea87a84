"""A pull request, opened where a repository is kept: GitHub, GitLab or Gitea.

Which one stands in `[tool.terrace.forge]` of `pyproject.toml`; the token in a variable, and nowhere else.
"""

from terrace.forge.opened import Opened, open_request
from terrace.forge.settings import Forge, forge_of, token_for

__all__ = ["Forge", "Opened", "forge_of", "open_request", "token_for"]
