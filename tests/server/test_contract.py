"""What OpenAPI promises is what is there: requests made from it, right ones and wrong ones, find nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.config import SchemathesisConfig

from terrace.server.app import Server, Settings
from terrace.server.flags import hooks
from terrace.server.spring.routes import FLAT
from tests.server.conftest import Shop, Tokens
from tests.server.counter import counter, kitchen
from tests.server.flags.conftest import TENANTS, FlagShop, flag
from tests.soak import rounds
from tests.toggle.conftest import alone

__all__ = ["alone"]

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
FOLLOWED = [
    "/v1/flags/{environment}/{key}", "/v1/flags/{environment}/{key}/history", "/v1/flags/{environment}/{key}/usage",
]  # fmt: skip
CHANGED = FOLLOWED[:1]
HOOKED = [hooks.PATH]
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

JUDGED = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", 401, 403, 404, 409, 422, 429, "5xx"]
"""
"""Whether a change makes sense for a flag stands in the repository, and in no schema."""


def server(shop: Shop, tokens_file: Tokens, own: str = "") -> Server:
    """A server in which there is something under the names of the description's examples."""
    shop.deploy({"pool_max": 40}, {"acme": {"pool_max": 41}}, service="backend", origins=["a"])
    FlagShop(shop).release(**{"checkout-v2": flag(targeting=TENANTS), "plain": flag()})
    usage = str(shop.folder / "usage.sqlite3")
    secret = shop.folder / "secret"
    secret.write_text("a secret of the forge")
    settings = Settings(
        str(shop.root), str(tokens_file.path), rate=0, usage=usage, own=own, hook_secret=str(secret)
    )  # fmt: skip
    return Server(settings, environ=shop.environ, written=lambda _: None)


@pytest.mark.parametrize(
    ("path", "mode"),
    [
        *((path, RIGHT) for path in (*ASKED, *SPRING, *PLAIN, *FLAGS, *EVALUATED, *HEARD, *HOOKED)),
        *((path, WRONG) for path in (*ASKED, *FLAGS, *EVALUATED, *REPORTED)),
    ],
)
def test_requests_made_from_the_description_find_nothing(
    shop: Shop, tokens_file: Tokens, path: str, mode: GenerationMode
) -> None:
    token = {"Authorization": f"Bearer {tokens_file.make('everything', may=['read', 'flags'])}"}
    config = SchemathesisConfig.from_str(SAID)
    described = schemathesis.openapi.from_asgi("/v1/openapi.json", server(shop, tokens_file).app, config=config)
    operation = described[path]["POST" if path in (*EVALUATED, *REPORTED, *HOOKED) else "GET"]

    @QUIET
    @given(operation.as_strategy(generation_mode=mode))
    def ask(case: Case) -> None:
        case.call_and_validate(headers=token)

    ask()


@pytest.mark.parametrize("mode", [RIGHT, WRONG])
@pytest.mark.parametrize(
    ("method", "path"), [*(("GET", path) for path in FOLLOWED), *(("POST", path) for path in CHANGED)]
)
def test_requests_to_the_process_that_follows_find_nothing(
    shop: Shop, tokens_file: Tokens, tmp_path: Path, method: str, path: str, mode: GenerationMode
) -> None:
    may = ["read", "flags", "write"]
    token = {"Authorization": f"Bearer {tokens_file.make('everything', may=may)}"}
    config = SchemathesisConfig.from_str(SAID + JUDGED)
    with counter(kitchen(tmp_path / "kitchen")) as there:
        app = server(shop, tokens_file, str(there.own)).app
        operation = schemathesis.openapi.from_asgi("/v1/openapi.json", app, config=config)[path][method]

        @QUIET
        @given(operation.as_strategy(generation_mode=mode))
        def ask(case: Case) -> None:
            case.call_and_validate(headers=token)

        ask()


def test_every_path_of_the_description_is_tried(shop: Shop, tokens_file: Tokens) -> None:
    tokens_file.make("everything")
    described = schemathesis.openapi.from_asgi("/v1/openapi.json", server(shop, tokens_file).app)
    assert sorted(described) == sorted(
        [*ASKED, *SPRING, *PLAIN, *FLAGS, *EVALUATED, *HEARD, *REPORTED, *FOLLOWED, *HOOKED]
    )
