"""One flag: its rules in words, who gets what, how often, and how it came to that."""

from __future__ import annotations

import time

from tests.server.pages.flags.conftest import Office, OfficeOf, change

STAGING = "/flags/checkout-v2?environment=staging"


def test_rules_stand_there_in_words_with_what_they_give(office: Office) -> None:
    page = office.browser().page(STAGING)
    rules = [each.text for each in page.one("ol", class_="rules").all("li")]
    assert "our own people" in rules[0]
    assert "email ends with @harbour.example" in rules[0]
    assert rules[0].endswith("on")
    assert "20 % on / 80 % off" in rules[1]
    assert rules[2] == "everybody else off"
    assert page.one("code", class_="where").text.startswith("flags/payments.yaml:")


def test_links_lead_only_to_the_web(office: Office) -> None:
    page = office.browser().page(STAGING)
    assert page.one("a", href="https://design.example/checkout").text == "design"
    assert "issue: PAY-1" in page.text


def test_somebody_is_tried_in_every_environment(office: Office) -> None:
    page = office.browser().page(f"{STAGING}&tenant=corner&more=email+%3D+eve%40harbour.example")
    rows = {row[0]: row[1] for row in page.one("table", class_="plain answers").rows()}
    assert rows == {"development": "on", "staging": "on", "production": "off"}
    assert page.one("textarea", name="more").text == "email = eve@harbour.example"


def test_attributes_that_are_none_are_told(office: Office) -> None:
    page = office.browser().page(f"{STAGING}&more=nonsense")
    assert "name = value" in page.one("p", role="alert").text
    assert list(page.all("table", class_="plain answers")) == []


def test_values_of_attributes_are_what_they_look_like(office_of: OfficeOf) -> None:
    from terrace.server.pages.flags.subjects import Subject

    said = Subject("p", "", 'age = 3\nbeta = true\nversion = 2.4.0\nname = "7"\nodd = NaN\nempty =')
    assert said.context() == {
        "targetingKey": "p", "age": 3, "beta": True, "version": "2.4.0", "name": "7", "odd": "NaN", "empty": "",
    }  # fmt: skip


def test_every_tenant_is_told_by_what_it_gets(office: Office) -> None:
    page = office.browser().page("/flags/checkout-v2?environment=production")
    outcomes = {
        each.one("summary").text: [name.text for name in each.all("li")]
        for each in page.all("details", class_="outcome")
    }
    assert outcomes == {"on 2 tenants": ["acme", "bolt"], "off 1 tenant": ["corner"]}


def test_evaluations_of_a_day_and_a_week_are_charts_with_tables(office: Office) -> None:
    now = time.time()
    office.used("production", "checkout-v2", {"on": 30, "off": 10}, now - 7200)
    office.used("production", "checkout-v2", {"off": 160}, now - 3 * 86400)
    page = office.browser().page("/flags/checkout-v2?environment=production")
    day, week = page.all("svg", class_="column-chart")
    assert day["aria-label"] == "Last day: on 30 (75 %), off 10 (25 %)"
    assert week["aria-label"] == "Last week: on 30 (15 %), off 170 (85 %)"
    first = page.one("section", aria_labelledby="often")
    table = next(first.all("details", class_="numbers")).one("table")
    assert [row[1:] for row in table.rows()] == [["30", "10"]]
    assert "Nobody asked for it here." in office.browser().page("/flags/limit").text


def test_history_tells_who_changed_what_why(office: Office) -> None:
    browser = office.browser()
    assert change(browser, "off", reason="it is too slow")[0] == 303
    entries = [
        each.text
        for each in browser.page(STAGING)
        .one("ol", class_="history")
        .all(
            "li",
        )
    ]
    assert "flags: turn off checkout-v2 in staging" in entries[0]
    assert "it is too slow" in entries[0]
    assert "not enabled: off for everybody" in entries[0]
    assert "Ada (" in entries[0]


def test_without_a_repository_rules_stand_as_flagd_reads_them(office_of: OfficeOf) -> None:
    page = office_of(followed=False).browser().page(STAGING)
    assert "fractional" in page.one("details", class_="raw").text
    assert "needs" not in [each.text for each in page.all("button")]
    assert list(page.all("ol", class_="history")) == []
    assert list(page.all("p", class_="does")) == []


def test_a_kill_that_the_repository_has_not_taken_says_so(office: Office) -> None:
    office.desk.overrides.add("checkout-v2", "staging", "orders get lost", ("Ada", "ada@harbour.example"))
    panel = office.browser().page(STAGING).one("section", aria_labelledby="place")
    assert panel.one("p", class_="notice").text.startswith("It is killed at this server until 20")
    assert "orders get lost" in panel.text
    assert "killed" in [each.text for each in panel.all("span", class_="pill killed")]


def test_what_is_not_there_is_not_there(office: Office) -> None:
    browser = office.browser()
    for url in ("/flags/nope", "/flags/", "/flags/checkout-v2/more", "/flags/checkout-v2?environment=nope"):
        browser.page(url, 404)


def test_who_may_not_write_sees_no_buttons_and_what_is_needed(office: Office) -> None:
    page = office.browser("read", "flags").page(STAGING)
    assert list(page.all("p", class_="does")) == []
    assert "right write" in page.text
    assert [each for each in page.all("a") if each["href"].startswith("/change-flag")] == []
