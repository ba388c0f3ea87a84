// Looks at the pages of flags in a real browser, changes flags there, and prints what it found as JSON.
//   node chromium.mjs MODULES CHROMIUM ADDRESS TOKEN READER PICTURES URL...
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const [modules, executablePath, address, token, reader, pictures, ...urls] = process.argv.slice(2);
const require = createRequire(`${modules}/package.json`);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf-8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const SIZES = { wide: { width: 1280, height: 900 }, narrow: { width: 390, height: 844 } };
const STAGING = "/flags/checkout-v2?environment=staging";

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const found = { console: [], elsewhere: [], axe: [], overflow: [], unseen: [], values: [] };

const signedIn = async (who, options) => {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  // A page that refuses is an error to a browser, and is meant.
  const meant = (text) => /status of (403|404|409|422)/.test(text);
  page.on("console", (message) => message.type() === "error" && !meant(message.text()) && found.console.push(`${page.url()}: ${message.text()}`));
  page.on("pageerror", (error) => found.console.push(`${page.url()}: ${error.message}`));
  page.on("request", (request) => request.url().startsWith(address) || found.elsewhere.push(request.url()));
  await page.goto(`${address}/sign-in`);
  await page.fill("#token", who);
  await page.press("#token", "Enter");
  await page.waitForURL((url) => !url.pathname.startsWith("/sign-in"));
  return page;
};

const judge = async (page, what) => {
  await page.evaluate(axe);
  const { violations } = await page.evaluate((values) => axe.run({ runOnly: { type: "tag", values } }), RULES);
  for (const each of violations)
    found.axe.push(`${what}: ${each.id}: ${each.nodes.map((node) => node.html).slice(0, 2).join(" ")}`);
};

const look = async (page, name) => {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  if (wide > 0) found.overflow.push(`${name}: ${wide}`);
  await page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
};

const named = (url) => url.replace(/[^A-Za-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 80);

// What an application gets of the flag now.
const value = async () => {
  const response = await fetch(`${address}/env/staging/ofrep/v1/evaluate/flags/checkout-v2`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${reader}` },
    body: JSON.stringify({ context: { targetingKey: "eve", email: "eve@harbour.example" } }),
  });
  return (await response.json()).value;
};

for (const colorScheme of ["light", "dark"])
  for (const [size, viewport] of Object.entries(SIZES)) {
    const page = await signedIn(token, { colorScheme, viewport, bypassCSP: true });
    for (const url of urls) {
      await page.goto(address + url);
      await look(page, `${named(url)}-${size}-${colorScheme}`);
      await judge(page, `${url} ${size} ${colorScheme}`);
    }
    await page.context().close();
  }

// By keyboard alone: a flag is found, turned off with a reason, and brought back from its history.
const keys = await signedIn(token, { viewport: SIZES.wide });
const reach = async (what) => {
  for (let count = 0; count < 200; count += 1) {
    await keys.keyboard.press("Tab");
    const stop = await keys.evaluate(() => {
      const at = document.activeElement;
      const style = getComputedStyle(at);
      const text = at.name === "reason" ? "reason" : at.textContent.trim();
      return { tag: at.tagName, text, seen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1 };
    });
    if (!stop.seen && stop.tag !== "BODY") found.unseen.push(`${keys.url()}: ${stop.tag} ${stop.text}`);
    if (stop.text.replace(/\s+/g, " ").startsWith(what)) return;
  }
  throw new Error(`no key leads to ${what} on ${keys.url()}`);
};
const enter = async () => Promise.all([keys.waitForNavigation(), keys.keyboard.press("Enter")]);
found.values.push(await value());
await reach("Flags");
await enter();
await reach("checkout-v2");
await enter();
await reach("staging");
await enter();
await reach("Turn off");
await enter();
await reach("reason");
await keys.keyboard.type("it is too slow");
await reach("Turn it off");
await enter();
found.done = await keys.locator(".notice.done").textContent();
found.values.push(await value());
await look(keys, "done-wide-light");
await reach("Revert");
await enter();
await look(keys, "revert-wide-light");
await reach("Revert it");
await enter();
found.values.push(await value());

// What somebody else did meanwhile is shown, in the dark and on a small screen too.
const late = await signedIn(token, { colorScheme: "dark", viewport: SIZES.narrow, bypassCSP: true });
await late.goto(`${address}/change-flag?do=set&flag=checkout-v2&environment=staging`);
await keys.goto(`${address}/change-flag?do=off&flag=checkout-v2&environment=staging`);
await keys.fill("input[name=reason]", "meanwhile");
await Promise.all([keys.waitForNavigation(), keys.click("main form button")]);
await late.check("input[name=variant][value=on]");
const [conflict] = await Promise.all([late.waitForNavigation(), late.click("main form button")]);
found.conflict = [conflict.status(), (await late.locator(".difference").textContent()).includes("enabled: false")];
await look(late, "conflict-narrow-dark");
await judge(late, "conflict");
await late.check("input[name=variant][value=on]");
await Promise.all([late.waitForNavigation(), late.click("main form button")]);
found.again = new URL(late.url()).pathname;

// What is refused, and what is put up for review.
await late.goto(`${address}/change-flag?do=kill&flag=checkout-v2&environment=production`);
await late.evaluate(() => document.querySelector("input[name=reason]").removeAttribute("required"));
const [refused] = await Promise.all([late.waitForNavigation(), late.click("main form button")]);
found.refused = refused.status();
await look(late, "refused-narrow-dark");
await judge(late, "refused");
await late.goto(`${address}/change-flag?do=off&flag=checkout-v2&environment=production`);
await Promise.all([late.waitForNavigation(), late.click("main form button")]);
found.review = await late.locator("h1").textContent();
await look(late, "review-narrow-dark");
await judge(late, "review");
const other = await signedIn(reader, { bypassCSP: true });
const [forbidden] = await Promise.all([other.waitForNavigation(), other.goto(`${address}/change-flag?do=off&flag=checkout-v2&environment=staging`)]);
found.forbidden = forbidden.status();
await look(other, "forbidden-wide-light");
await judge(other, "forbidden");

// Without JavaScript filters, trying and turning on work.
const still = await signedIn(token, { javaScriptEnabled: false });
await still.goto(`${address}/flags`);
await still.fill("input[name=q]", "orders");
await still.click("main form button");
found.still = [await still.locator("tbody tr").count()];
await still.goto(address + STAGING);
await still.fill("input[name=person]", "eve");
await still.click("text=Try");
found.still.push(await still.locator(".answers tbody tr").count());
await still.click("text=Turn on");
await still.click("main form button");
found.values.push(await value());
await browser.close();
console.log(JSON.stringify(found));
