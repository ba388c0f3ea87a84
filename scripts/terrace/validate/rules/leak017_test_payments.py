"""# Payments in test mode

A production target would pay with a test-mode key, talk to a payment provider's sandbox, or say `mode: test` among its
payments. Known are Stripe, PayPal, Adyen, Braintree, Square, Razorpay, Mollie, Checkout.com, Klarna, GoCardless,
Paystack, Flutterwave, Paddle, Mercado Pago and Authorize.Net.

**Why.** Everything seems to work, orders are paid and delivered, and no money arrives.

**Fix.** Set the live key in production's secrets file, and the live host or mode in its plain file.

**Exceptions.** None known. A key is never shown in the finding.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.source import dotted
from terrace.validate.hosts import hosts, is_below
from terrace.validate.later import later
from terrace.validate.rule import Example, Hit, Leaf, rule
from terrace.validate.words import is_prose, keys, word_set, words

# The keys of the examples are made up, and written in two parts so that no scanner takes them for real ones.
GOOD = (
    Example(
        {
            "environments/base/app.yaml": """\
payments:
  publishable_key: pk_live_51HarbourKitchen
  endpoint: https://api-m.paypal.com
branding:
  labels:
    table: pk_test
    suite: task_test_orders
    mode: test
    check: test_mode_is_off
    docs: https://developer.paypal.com/sandbox
"""
        }
    ),
    Example(
        {
            "environments/development/app.yaml": "server:\n  public_url: http://d:1\ndatabase:\n  host: d\npayments:\n  publishable_key: pk_"
            + "test_51HarbourKitchen\n"
        }
    ),
)
BAD = (
    Example(
        {"environments/base/app.yaml": "payments:\n  publishable_key: pk_" + "test_51HarbourKitchen\n"},
        "environments/base/app.yaml:2",
        "payments.publishable_key",
    ),
    Example(
        {"environments/base/app.yaml": "payments:\n  endpoint: https://api-m.sandbox.paypal.com/v2\n"},
        "environments/base/app.yaml:2",
        "payments.endpoint",
    ),
    Example(
        {"environments/base/app.yaml": "branding:\n  labels:\n    stripe_mode: test\n"},
        "environments/base/app.yaml:3",
        "branding.labels.stripe_mode",
    ),
)

_KEYS = (
    ("Stripe or Paystack", r"\b[spr]k_test_[A-Za-z0-9]{6,}"),
    ("Checkout.com", r"\b[sp]k_sbox_[A-Za-z0-9]{6,}"),
    ("Razorpay", r"\brzp_test_[A-Za-z0-9]{6,}"),
    ("Braintree", r"\bsandbox_[a-z0-9]{6,}_[a-z0-9]{8,}"),
    ("Square", r"\bsandbox-sq0[a-z]{3}-[A-Za-z0-9_-]{6,}"),
    ("Flutterwave", r"\bFLW(?:PUB|SEC)K_TEST-[A-Za-z0-9]{6,}"),
    ("Paddle", r"\bpdl_sdbx_[a-z]+_[A-Za-z0-9]{6,}"),
    ("Mercado Pago", r"\bTEST-\d{10,}-"),
    ("Mollie or Adyen", r"^test_[A-Za-z0-9]{26,40}$"),
)
_KEY = tuple((provider, later(pattern)) for provider, pattern in _KEYS)
_SANDBOXES = {
    "PayPal": ("sandbox.paypal.com",),
    "Braintree": ("sandbox.braintreegateway.com", "sandbox.braintree-api.com"),
    "Square": ("squareupsandbox.com", "sandbox.web.squarecdn.com"),
    "Adyen": ("checkout-test.adyen.com", "test.adyen.com", "pal-test.adyen.com", "management-test.adyen.com"),
    "Checkout.com": ("sandbox.checkout.com",),
    "Klarna": ("playground.klarna.com",),
    "GoCardless": ("api-sandbox.gocardless.com",),
    "Paddle": ("sandbox-api.paddle.com", "sandbox-checkout.paddle.com"),
    "Authorize.Net": ("apitest.authorize.net", "jstest.authorize.net"),
    "Worldpay": ("secure-test.worldpay.com", "try.access.worldpay.com"),
}
_PAYING = word_set("adyen braintree checkout klarna mollie payment payments paypal paystack razorpay square stripe")
_MODES = word_set("env environment mode")


@rule(
    "LEAK017",
    "payments in test mode in production",
    on="value",
    values=r"test|sandbox|sbox|sdbx|playground",
)
def check(leaf: Leaf) -> Iterator[Hit]:
    """A payment provider's test key or sandbox, or a mode that says test among payments."""
    what = "" if is_prose(leaf.name) else _test_mode(leaf)
    if what:
        hint = "Set the live key, host or mode for production."
        yield Hit(f"{dotted(leaf.pointer)} is {what} in production", leaf.location, leaf.pointer, hint)


def _test_mode(leaf: Leaf) -> str:
    """What of the value belongs to test mode, in words that do not repeat it."""
    for provider, pattern in _KEY:
        if pattern.search(leaf.text):
            return f"a test-mode key of {provider}"
    for host in hosts(leaf.text):
        for provider, domains in _SANDBOXES.items():
            if is_below(host, *domains):
                return f"the sandbox of {provider}"
    said = words(leaf.name)
    around = {word for key in keys(leaf.pointer) for word in words(key)}
    if said[-1:] and said[-1] in _MODES and around & _PAYING and leaf.text.lower() in ("test", "sandbox", "testing"):
        return "in test mode"
    return "on" if said[-1:] == ("sandbox",) and around & _PAYING and leaf.text.lower() == "true" else ""
