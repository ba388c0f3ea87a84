"""What OpenAPI promises is what is there: requests made from it, right ones and wrong ones, find nothing."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.config import SchemathesisConfig

from terrace.server.app import Server, Settings
from terrace.server.spring.routes import FLAT
from tests.server.conftest import Shop, Tokens
from tests.server.flags.conftest import TENANTS, FlagShop, flag
from tests.soak import rounds

ASKED = [
    "/v1/bundles/{service}/{environment}",
    "/v1/bundles/{service}/{environment}/{sha256}/{name}",
    "/v1/config/{service}/{environment}", "/v1/config/{service}/{environment}/{path}", "/v1/tenants",
    "/v1/releases/{environment}", "/v1/schema/{service}",
]  # fmt: skip
SPRING = [
    "/spring/{application}/{profile}", "/spring/{application}/{profile}/{label}",
    *(f"/spring/{{application}}-{{profile}}.{ending}" for ending in FLAT),
    *(f"/spring/{{label}}/{{application}}-{{profile}}.{ending}" for ending in FLAT),
]  # fmt: skip
"""Every text is right here that is not too long: looking for wrong ones takes minutes."""

FLAGS = ["/v1/flags/{environment}"]
REPORTED = ["/v1/flags/usage"]
"""Right ones have half of a surrogate pair for a name, to which JSON Schema does not object; we do."""
EVALUATED = [
    "/ofrep/v1/evaluate/flags", "/ofrep/v1/evaluate/flags/{key}", "/env/{environment}/ofrep/v1/evaluate/flags",
    "/env/{environment}/ofrep/v1/evaluate/flags/{key}",
]  # fmt: skip
HEARD = ["/ofrep/v1/events", "/env/{environment}/ofrep/v1/events"]
PLAIN = ["/v1/environments", "/livez", "/readyz", "/configz", "/metrics"]
RIGHT, WRONG = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
QUIET = settings(max_examples=rounds(25), deadline=None, suppress_health_check=list(HealthCheck))


SAID = """
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 406, 413, 414, 422]
"""
"""Which refusals are right: a path that is too long for its parameter may be too long for any URL."""


def server(shop: Shop, tokens_file: Tokens) -> Server:
    """A server in which there is something under the names of the description's examples."""
    shop.deploy({"pool_max": 40}, {"acme": {"pool_max": 41}}, service="backend", origins=["a"])
    FlagShop(shop).release(**{"checkout-v2": flag(targeting=TENANTS), "plain": flag()})
    usage = str(shop.folder / "usage.sqlite3")
    settings = Settings(str(shop.root), str(tokens_file.path), rate=0, usage=usage)
    return Server(settings, environ=shop.environ, written=lambda _: None)


@pytest.mark.parametrize(
    ("path", "mode"),
    [
        *((path, RIGHT) for path in (*ASKED, *SPRING, *PLAIN, *FLAGS, *EVALUATED, *HEARD)),
        *((path, WRONG) for path in (*ASKED, *FLAGS, *EVALUATED, *REPORTED)),
    ],
)
def test_requests_made_from_the_description_find_nothing(
    shop: Shop, tokens_file: Tokens, path: str, mode: GenerationMode
) -> None:
    token = {"Authorization": f"Bearer {tokens_file.make('everything', may=['read', 'flags'])}"}
    config = SchemathesisConfig.from_str(SAID)
    described = schemathesis.openapi.from_asgi("/v1/openapi.json", server(shop, tokens_file).app, config=config)
    operation = described[path]["POST" if path in (*EVALUATED, *REPORTED) else "GET"]

    @QUIET
    @given(operation.as_strategy(generation_mode=mode))
    def ask(case: Case) -> None:
        case.call_and_validate(headers=token)

    ask()


def test_every_path_of_the_description_is_tried(shop: Shop, tokens_file: Tokens) -> None:
    tokens_file.make("everything")
    described = schemathesis.openapi.from_asgi("/v1/openapi.json", server(shop, tokens_file).app)
    assert sorted(described) == sorted([*ASKED, *SPRING, *PLAIN, *FLAGS, *EVALUATED, *HEARD, *REPORTED])
