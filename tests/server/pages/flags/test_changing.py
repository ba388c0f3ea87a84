"""A flag is changed on a page: confirmed, committed and served; refused to others; and never over somebody's change."""

from __future__ import annotations

import json

import pytest

from tests.server.pages.browsing import Browser
from tests.server.pages.flags.conftest import Office, OfficeOf, change, send

STAGING = "/flags/checkout-v2?environment=staging"


def value(office: Office, environment: str = "staging", flag: str = "checkout-v2") -> object:
    """What an application gets now."""
    token = office.tokens.make("application", may=["flags"])
    response = Browser(office.server).ask(
        "POST", f"/env/{environment}/ofrep/v1/evaluate/flags/{flag}", headers={"Authorization": f"Bearer {token}"},
        json={"context": {"email": "eve@harbour.example", "tenant": "acme", "targetingKey": "eve"}},
    )  # fmt: skip
    return json.loads(response.text).get("value")


def test_what_is_turned_off_is_off_for_applications_and_a_commit_says_who_and_why(office: Office) -> None:
    browser = office.browser()
    assert value(office) is True
    status, _, onward = change(browser, "off", reason="it is too slow")
    assert status == 303
    assert value(office) is False
    message = office.repo.git("log", "-1", "--format=%an%n%B", "main")
    assert message.startswith("Ada (")
    assert "turn off checkout-v2 in staging\n\nit is too slow\n" in message
    page = browser.page(onward)
    assert "Done, and served" in page.one("p", class_="notice done").text
    assert next(page.one("section", aria_labelledby="place").all("span", class_="pill off")).text == "off"
    assert change(browser, "on")[0] == 303
    assert value(office) is True


def test_a_variant_is_set_for_everybody_and_for_a_rule(office: Office) -> None:
    browser = office.browser()
    assert change(browser, "set", flag="limit", variant="large")[0] == 303
    assert value(office, flag="limit") == 100
    assert change(browser, "set", rule="our own people", variant="off")[0] == 303
    assert value(office) is False


def test_shares_of_a_rule_are_set(office: Office) -> None:
    browser = office.browser()
    fields = {"variant": "share.", "share.on": "60", "share.off": "40"}
    assert change(browser, "set", rule="a fifth of the rest", **fields)[0] == 303
    written = office.repo.git("show", "main:flags/payments.yaml")
    assert "{name: a fifth of the rest, rollout: {on: 60, off: 40}, by: tenant}" in written
    status, page, _ = change(browser, "set", rule="a fifth of the rest", **{**fields, "share.on": "1.5"})
    assert (status, page.one("div", role="alert").text) == (422, "Shares are whole numbers, from 0 on.")
    # Where one variant has everything, there are no shares.
    assert change(browser, "set", rule="a fifth of the rest", **{**fields, "share.on": "0"})[0] == 303
    assert "{name: a fifth of the rest, serve: off}" in office.repo.git("show", "main:flags/payments.yaml")


def test_a_state_is_promoted_from_the_environment_before(office: Office) -> None:
    status, _, _ = change(office.browser(), "promote")
    assert status == 303
    assert "promote checkout-v2 from development to staging" in office.repo.git("log", "-1", "--format=%s", "main")


def test_a_kill_wants_a_reason_and_acts_at_once_where_all_else_is_reviewed(office: Office) -> None:
    browser = office.browser()
    status, page, _ = change(browser, "kill", "production", reason=" ")
    assert status == 422
    assert "Say why" in page.one("div", role="alert").text
    assert value(office, "production") is True
    assert change(browser, "kill", "production", reason="orders get lost")[0] == 303
    assert value(office, "production") is None
    panel = browser.page("/flags/checkout-v2?environment=production").one("section", aria_labelledby="place")
    assert "orders get lost" in panel.text
    assert "Kill" not in [each.text.split()[0] for each in panel.all("a", class_="button small")]


def test_in_a_protected_environment_a_change_is_put_up_for_review(office: Office) -> None:
    browser = office.browser()
    before = office.repo.git("rev-parse", "main")
    asked = browser.page("/change-flag?do=off&flag=checkout-v2&environment=production")
    assert "protected" in asked.text
    status, page, _ = send(browser, asked)
    assert (status, page.one("h1").text) == (200, "Up for review")
    assert office.repo.git("rev-parse", "main") == before
    assert next(page.one("dl").all("code")).text in office.repo.git("branch", "--format=%(refname:short)")
    assert value(office, "production") is True


def test_what_somebody_else_changed_meanwhile_is_shown_and_decided_again(office: Office) -> None:
    ada, eve = office.browser(), office.browser()
    seen = ada.page("/change-flag?do=set&flag=checkout-v2&environment=staging")
    assert change(eve, "off", reason="first")[0] == 303
    before = office.repo.git("rev-parse", "main")
    status, page, _ = send(ada, seen, variant="on", reason="mine")
    assert status == 409
    assert office.repo.git("rev-parse", "main") == before
    assert "+    enabled: false" in page.one("pre", class_="difference").text.replace("+ ", "+    ")
    assert page.one("input", name="reason")["value"] == "mine"
    status, _, _ = send(ada, page, variant="on")
    assert status == 303
    assert "Eve" not in office.repo.git("log", "-1", "--format=%B", "main")
    assert "enabled: false" in office.repo.git("show", "main:flags/payments.yaml")


def test_a_change_elsewhere_meanwhile_is_none(office: Office) -> None:
    ada, eve = office.browser(), office.browser()
    seen = ada.page("/change-flag?do=off&flag=checkout-v2&environment=staging")
    assert change(eve, "off", "development")[0] == 303
    assert send(ada, seen)[0] == 303


def test_what_would_be_wrong_is_refused_with_the_reason(office: Office) -> None:
    browser = office.browser()
    asked = browser.page("/change-flag?do=set&flag=limit&environment=staging")
    status, page, _ = send(browser, asked, variant="nonsense")
    assert status == 422
    assert "variant" in page.one("div", role="alert").text


def test_who_may_only_look_is_refused_by_form_and_by_address(office: Office) -> None:
    writer, reader = office.browser(), office.browser("read", "flags")
    form = writer.page("/change-flag?do=off&flag=checkout-v2&environment=staging")
    assert reader.get("/change-flag?do=off&flag=checkout-v2&environment=staging").status_code == 403
    before = office.repo.git("rev-parse", "main")
    assert send(reader, form)[0] == 403
    assert office.repo.git("rev-parse", "main") == before


@pytest.mark.parametrize("harm", ["form_token", "site", "session"])
def test_a_form_that_is_not_from_our_page_does_nothing(office: Office, harm: str) -> None:
    browser = office.browser()
    page = browser.page("/change-flag?do=off&flag=checkout-v2&environment=staging")
    fields = {each["name"]: each["value"] for each in page.one("form", action="/change-flag").all("input")}
    headers = {"Sec-Fetch-Site": "cross-site"} if harm == "site" else {}
    if harm == "form_token":
        fields["form_token"] = office.browser().page("/").one("input", name="form_token")["value"]
    if harm == "session":
        browser.cookies.clear()
    before = office.repo.git("rev-parse", "main")
    assert browser.ask("POST", "/change-flag", data=fields, headers=headers).status_code in (403, 303, 200)
    assert office.repo.git("rev-parse", "main") == before
    assert [each for each in office.desk.asked if each["do"] == "toggle"] == []


def test_what_is_done_and_what_is_refused_is_audited(office: Office) -> None:
    writer, reader = office.browser(), office.browser("read", "flags")
    form = writer.page("/change-flag?do=off&flag=checkout-v2&environment=staging")
    assert send(reader, form, reason="because")[0] == 403
    assert send(writer, form, reason="because")[0] == 303
    lines = (office.repo.path / ".terrace" / "flags" / "flags.jsonl").read_text().splitlines()
    told = [json.loads(line) for line in lines]
    assert [(each["outcome"], each["verb"], each["reason"]) for each in told] == [
        ("forbidden", "off", "because"), ("committed", "off", "because"),
    ]  # fmt: skip
    assert all(each["actor"].startswith("Ada (") and "time" in each for each in told)


def test_a_change_is_reverted_from_the_history(office: Office) -> None:
    browser = office.browser()
    assert change(browser, "off")[0] == 303
    (link,) = browser.page(STAGING).one("ol", class_="history").all("a")
    asked = browser.page(link["href"])
    assert asked.one("h1").text == "Revert checkout-v2 in staging"
    assert send(browser, asked, reason="too early")[0] == 303
    assert value(office) is True
    assert office.repo.git("diff", "HEAD~2", "HEAD", "--", "flags") == ""


def test_a_token_in_a_header_changes_nothing_here(office: Office) -> None:
    token = office.tokens.make("program", may=["read", "flags", "write"])
    asked = Browser(office.server).get(
        "/change-flag?do=off&flag=checkout-v2&environment=staging", headers={"Authorization": f"Bearer {token}"}
    )
    assert asked.status_code == 403


@pytest.mark.parametrize("query", ["do=explode&flag=limit&environment=staging", "do=on", "flag=limit"])
def test_what_is_no_change_is_a_page_that_says_so(office: Office, query: str) -> None:
    office.browser().page(f"/change-flag?{query}", 400)


def test_an_address_without_anything_leads_to_the_flags(office: Office) -> None:
    response = office.browser().get("/change-flag")
    assert (response.status_code, response.headers["location"]) == (303, "/flags")


def test_without_a_repository_nothing_is_changed(office_of: OfficeOf) -> None:
    page = office_of(followed=False).browser().page("/change-flag?do=off&flag=limit&environment=staging", 404)
    assert "--repo" in page.text


def test_while_the_process_is_away_the_page_says_so(office: Office) -> None:
    browser = office.browser()
    page = browser.page("/change-flag?do=off&flag=checkout-v2&environment=staging")
    office.desk.away = True
    status, page, _ = send(browser, page)
    assert (status, page.one("h1").text) == (503, "Not now")
