// Looks at pages in a real browser, and prints what it found as JSON.
//   node chromium.mjs MODULES CHROMIUM ADDRESS TOKEN PICTURES URL...
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const [modules, executablePath, address, token, pictures, ...urls] = process.argv.slice(2);
const require = createRequire(`${modules}/package.json`);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf-8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const SIZES = { wide: { width: 1280, height: 900 }, narrow: { width: 390, height: 844 } };

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const found = { console: [], elsewhere: [], axe: [], overflow: [], grounds: {} };

const watched = async (options) => {
  // axe is put into pages from outside, which their policy would not let them do themselves.
  const context = await browser.newContext({ bypassCSP: Boolean(options.bypassCSP), ...options });
  const page = await context.newPage();
  page.on("console", (message) => message.type() === "error" && found.console.push(`${message.location().url}: ${message.text()}`));
  page.on("pageerror", (error) => found.console.push(`${page.url()}: ${error.message}`));
  page.on("request", (request) => request.url().startsWith(address) || found.elsewhere.push(request.url()));
  return { context, page };
};

// By keyboard alone: the field has the focus already.
const signIn = async (page, onward = "/") => {
  await page.goto(`${address}${onward}`);
  await page.waitForFunction(() => document.activeElement.id === "token");
  await page.keyboard.type(token);
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => !url.pathname.startsWith("/sign-in"));
};

const name = (url) => url.replace(/[^A-Za-z0-9]+/g, "-").replace(/^-|-$/g, "") || "home";

for (const colorScheme of ["light", "dark"]) {
  for (const [size, viewport] of Object.entries(SIZES)) {
    const plain = await watched({ colorScheme, viewport });
    await plain.page.goto(`${address}/sign-in`);
    await plain.page.screenshot({ path: `${pictures}/sign-in-${size}-${colorScheme}.png` });
    await signIn(plain.page);
    const judged = await watched({ colorScheme, viewport, bypassCSP: true });
    await signIn(judged.page);
    for (const url of urls) {
      await plain.page.goto(address + url);
      const wide = await plain.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (wide > 0) found.overflow.push(`${url} ${size}: ${wide}`);
      found.grounds[colorScheme] = await plain.page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
      await plain.page.screenshot({ path: `${pictures}/${name(url)}-${size}-${colorScheme}.png`, fullPage: true });
      await judged.page.goto(address + url);
      await judged.page.evaluate(axe);
      const { violations } = await judged.page.evaluate((values) => axe.run({ runOnly: { type: "tag", values } }), RULES);
      for (const each of violations)
        found.axe.push(`${url} ${size} ${colorScheme}: ${each.id}: ${each.nodes.map((node) => node.html).slice(0, 2).join(" ")}`);
    }
    await plain.context.close();
    await judged.context.close();
  }
}

// The keyboard: the first key leads past the head, and whatever has the focus shows it.
const keys = await watched({ viewport: SIZES.wide });
await signIn(keys.page, "/environments/production/services/kitchen");
found.onward = new URL(keys.page.url()).pathname;
await keys.page.reload();
await keys.page.keyboard.press("Tab");
found.skip = await keys.page.evaluate(() => [document.activeElement.className, document.activeElement.getBoundingClientRect().top >= 0]);
await keys.page.keyboard.press("Enter");
found.skipped = await keys.page.evaluate(() => document.activeElement.id);
await keys.page.reload();
found.stops = [];
found.unseen = [];
for (let count = 0; count < 300; count += 1) {
  await keys.page.keyboard.press("Tab");
  const stop = await keys.page.evaluate(() => {
    const at = document.activeElement;
    const style = getComputedStyle(at);
    return { tag: at.tagName, text: at.textContent.trim().slice(0, 40), outline: style.outlineStyle, width: parseFloat(style.outlineWidth) };
  });
  if (stop.tag === "BODY") break;
  found.stops.push(stop.tag);
  if (stop.outline === "none" || stop.width < 1) found.unseen.push(`${stop.tag} ${stop.text}`);
}
await keys.page.locator("summary").first().focus();
await keys.page.keyboard.press("Enter");
found.closed = await keys.page.evaluate(() => document.querySelector("details.section").open === false);
await keys.page.getByRole("button", { name: "Close all" }).focus();
await keys.page.keyboard.press("Enter");
found.allClosed = await keys.page.evaluate(() => document.querySelectorAll("details.section[open]").length);
await keys.page.goto(`${address}/`);
await keys.page.goto(`${address}/environments/production/services/kitchen#database.pool_max`);
found.target = await keys.page.evaluate(() => document.querySelector(":target").textContent.includes("pool_max"));

// A link that somebody shared on another site opens for who is signed in.
const elsewhere = address.replace("127.0.0.1", "localhost");
await keys.page.goto(`${elsewhere}/livez`);
await keys.page.evaluate((href) => {
  const link = document.createElement("a");
  link.href = href;
  link.id = "shared";
  link.textContent = "shared";
  document.body.append(link);
}, `${address}/environments/production/services/kitchen?tenant=acme`);
await keys.page.click("#shared");
await keys.page.waitForURL(/tenant=acme/);
await keys.page.waitForSelector("h1");
found.shared = await keys.page.evaluate(() => document.querySelector("h1").textContent);

// Signing out, and a page that is then asked for.
await keys.page.getByRole("button", { name: "Sign out" }).click();
await keys.page.goto(`${address}/health`);
found.out = new URL(keys.page.url()).pathname;
await keys.context.close();

// Without JavaScript everything is there, and forms work.
const still = await watched({ javaScriptEnabled: false });
await still.page.goto(`${address}/`);
await still.page.fill("#token", token);
await still.page.click("main button");
await still.page.goto(`${address}/environments/production/services/kitchen`);
await still.page.fill("input[name=q]", "pool_max");
await still.page.click("main form button");
found.still = [new URL(still.page.url()).searchParams.get("q"), await still.page.locator("tbody tr:visible").count()];
await still.page.goto(`${address}/environments/production/releases`);
await still.page.click("text=Compare the two chosen");
found.chosen = [...new URL(still.page.url()).searchParams].sort();
await browser.close();

// What the other site has of its own, and the picture that a browser asks for beside it, are not our pages'.
found.elsewhere = found.elsewhere.filter((url) => !url.startsWith(elsewhere));
found.console = found.console.filter((said) => !said.startsWith(elsewhere));
console.log(JSON.stringify(found));
