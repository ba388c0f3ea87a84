"""References to secret managers: what they may name, where, and what they stand for.

Validation looks at their form and at what is allowed, and asks no store. The loader resolves them, at start-up.
"""

from __future__ import annotations

from terrace.model.reference import Malformed, Reference, is_reference, parse
from terrace.refs.policy import Policy, policy_of

__all__ = ["Malformed", "Policy", "Reference", "is_reference", "parse", "policy_of"]
