"""# Template that nothing fills in

A production target would use a value that still is a template: `${DATABASE_HOST}`, `{{ .Values.host }}`, `@HOST@`.

**Why.** Terrace delivers what stands in the file; no tool comes afterwards that puts values in. The application looks for
a host of the name `${DATABASE_HOST}`, or worse, takes it for a password.

**Fix.** Set the value in the environment's file, a credential in its secrets file or as a reference to a secret manager.
What only the process knows (a pod's name) is an environment variable that the contract allows.

**Exceptions.** A format that the application itself fills in is silent under a key that says so (`subject_template`,
`log_format`, `command`), and so are names in lower case (`${order.number}`). An application that replaces environment
variables in its configuration is the reason to give when you suppress it.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.findings import Severity
from terrace.model.source import dotted
from terrace.validate.later import later
from terrace.validate.rule import Example, Hit, Leaf, rule
from terrace.validate.words import is_document, is_prose, word_set, words

GOOD = (
    Example(
        {
            "environments/base/app.yaml": """\
branding:
  labels:
    subject_template: Order ${ORDER}
    log_format: "${TIME} ${MESSAGE}"
    greeting: Hello ${customer.name}
    receipt: "{{ name }}, thank you"
    escaped: $${HOME}
    price: $5
    share: 10%
    mail: a@b
    script: |
      echo ${HOME}
      exit 0
"""
        }
    ),
)
BAD = (
    Example(
        {"environments/base/app.yaml": "payments:\n  endpoint: https://${PAYMENT_HOST}/v1\n"},
        "environments/base/app.yaml:2",
        "payments.endpoint",
    ),
    Example(
        {"environments/base/app.yaml": "branding:\n  labels:\n    region: '{{ .Values.region }}'\n"},
        "environments/base/app.yaml:3",
        "branding.labels.region",
    ),
    Example(
        {"environments/base/app.yaml": "branding:\n  labels:\n    pool: ${POOL_SIZE:-10}\n"},
        "environments/base/app.yaml:3",
        "branding.labels.pool",
    ),
)

_TEMPLATE = later(
    r"(?<!\$)\$\{[A-Z][A-Z0-9_]*(?::?[-?=+][^{}]*)?\}|^\{\{[^{}]*\}\}$|^@@?[A-Z][A-Z0-9_]+@@?$|^%[A-Z][A-Z0-9_]+%$"
)
_FILLED_IN = word_set(
    "args cmd code command config css entrypoint expression expr filter format html js json layout pattern promql query"
    " regex replacement rewrite rule rules script sql template templates tpl yaml"
)


@rule(
    "LEAK020",
    "template that nothing fills in",
    on="value",
    severity=Severity.WARNING,
    values=r"\$\{|\{\{|^\s*[@%]",
)
def check(leaf: Leaf) -> Iterator[Hit]:
    """A value that waits for a tool to put something in. The value itself is not told."""
    if is_prose(leaf.name) or is_document(leaf.text) or _FILLED_IN.intersection(words(leaf.name)):
        return
    if _TEMPLATE.search(leaf.text.strip()):
        message = f"{dotted(leaf.pointer)} is a template that nothing fills in"
        yield Hit(message, leaf.location, leaf.pointer, "Set the value itself.")
