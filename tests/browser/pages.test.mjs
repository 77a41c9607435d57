// The pages in headless Chromium: every one at three widths, by keyboard, without JavaScript, and a steward's work.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { artefacts, complaints, openBrowser, serveDemo, signIn } from "./house.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const widths = [360, 768, 1280];
let house, browser, steward;

before(async () => {
  house = await serveDemo(3000);
  browser = await openBrowser();
  steward = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  await signIn(await steward.newPage(), house.address, "steward", house.password("steward"));
});
after(async () => {
  await browser?.close();
  await house?.stop();
});

async function navigation() {
  const page = await steward.newPage();
  await page.goto(`${house.address}/overview`);
  const links = await page.$$eval("header a[href^='/'], nav a[href^='/']", (all) => all.map((a) => a.getAttribute("href")));
  await page.close();
  return [...new Set(links.map((link) => link.split("?")[0].split("#")[0]))].filter((link) => link !== "/" && !link.startsWith("/sign") && !link.startsWith("/language"));
}

test("every page of the navigation, and the one about the API, is sound at three widths", async () => {
  const links = [...(await navigation()), "/docs"];
  assert.ok(links.length >= 8, `only ${links}`);
  for (const link of links) {
    for (const width of widths) {
      const page = await steward.newPage();
      await page.setViewportSize({ width, height: 900 });
      const found = complaints(page);
      const response = await page.goto(house.address + link, { waitUntil: "load" });
      assert.equal(response.status(), 200, link);
      await page.waitForTimeout(150);
      const name = link.slice(1).replaceAll("/", "-");
      await page.screenshot({ path: `${artefacts}${name}-${width}.png`, fullPage: true });
      assert.deepEqual(found, [], `${link} at ${width}`);
      assert.equal(await page.locator("h1").count(), 1, `${link} has one h1`);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(overflow <= 1, `${link} at ${width} is ${overflow} px too wide`);
      if (width === 1280) {
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() => globalThis.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] }));
        const grave = violations.filter((v) => ["serious", "critical"].includes(v.impact));
        assert.deepEqual(grave.map((v) => `${v.id}: ${v.nodes[0].html}`), [], link);
      }
      await page.close();
    }
  }
});

test("the description of the API fits a telephone", async () => {
  const page = await steward.newPage();
  await page.setViewportSize({ width: 360, height: 900 });
  await page.goto(`${house.address}/docs`);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(overflow <= 1, `/docs is ${overflow} px too wide`);
  await page.close();
});

test("what is no page says so in the language and leads back", async () => {
  const page = await steward.newPage();
  const response = await page.goto(`${house.address}/nosuch`);
  assert.equal(response.status(), 404);
  assert.match(await page.textContent("main"), /no such page.*\/nosuch/is);
  await Promise.all([page.waitForNavigation(), page.click("main a.button")]);
  assert.notEqual(new URL(page.url()).pathname, "/nosuch");
  const numberless = await page.goto(`${house.address}/steward-tasks/abc`);
  assert.equal(numberless.status(), 404);
  assert.match(await page.textContent("main"), /abc/);
  const opened = await page.goto(`${house.address}/steward-tasks/1/decision`);
  assert.equal(opened.status(), 405);
  await Promise.all([page.waitForNavigation(), page.click("main a.button")]);
  assert.equal(new URL(page.url()).pathname, "/steward-tasks/1");
  await page.close();
});

test("nothing personal answers without signing in", async () => {
  const stranger = await browser.newContext();
  const page = await stranger.newPage();
  for (const link of ["/", "/golden-records", "/steward-tasks", "/data-quality", "/sql-console"]) {
    await page.goto(house.address + link);
    assert.ok(new URL(page.url()).pathname === "/sign-in", `${link} led to ${page.url()}`);
  }
  for (const link of ["/v1/golden-records?entity=citizen&search=singh", "/v1/steward-tasks", "/v1/sources", "/v1/feed"]) {
    assert.equal((await page.request.get(house.address + link)).status(), 401, link);
  }
  assert.equal((await page.request.get(`${house.address}/v1/code-systems/ifsc/codes/SBIN0000001`)).status(), 200);
  await stranger.close();
});

test("the demo hands over an administrator, who sees the users", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await signIn(page, house.address, "admin", house.password("admin"));
  const response = await page.goto(`${house.address}/users`);
  assert.equal(response.status(), 200);
  assert.match(await page.textContent("main"), /steward/);
  await context.close();
});

test("a wrong password is refused and a change from another site too", async () => {
  const stranger = await browser.newContext();
  const page = await stranger.newPage();
  await signIn(page, house.address, "steward", "wrong");
  assert.equal(new URL(page.url()).pathname, "/sign-in");
  assert.match(await page.textContent("body"), /not right/);
  const forged = await steward.request.post(`${house.address}/sign-out`, { form: { csrf: "x" }, headers: { "sec-fetch-site": "cross-site" } });
  assert.equal(forged.status(), 403);
  await stranger.close();
});

test("every answer carries the security headers", async () => {
  for (const link of ["/sign-in", "/healthz", "/v1/code-systems"]) {
    const headers = (await steward.request.get(house.address + link)).headers();
    assert.match(headers["content-security-policy"], /default-src 'none'/, link);
    assert.equal(headers["x-content-type-options"], "nosniff", link);
  }
});

test("the headline figures are those of the mart", async () => {
  const page = await steward.newPage();
  await page.goto(`${house.address}/sql-console`);
  await page.fill("#sql", "select figure, value from mart_overview order by figure");
  await Promise.all([page.waitForNavigation(), page.click('form[action="/sql-console"] button')]);
  const rows = await page.$$eval("main table tbody tr", (all) => all.map((row) => [...row.cells].map((cell) => cell.dataset.value ?? cell.textContent.trim())));
  assert.ok(rows.length >= 15, `the console shows ${rows.length} rows of the mart`);
  const mart = new Map(rows);
  await page.goto(`${house.address}/overview`);
  const shown = await page.$$eval("[data-figure]", (all) => all.map((one) => [one.dataset.figure, one.dataset.exact]));
  assert.ok(shown.length >= 6, "the overview names its figures");
  for (const [figure, exact] of shown) {
    if (exact === "") {
      assert.doesNotMatch(mart.get(figure), /[0-9]/, `${figure}: none on the page, as it is too small to be told`);
      continue;
    }
    const value = Number(mart.get(figure));
    assert.ok(Math.abs(Number(exact) - value) <= 1e-9 * Math.abs(value), `${figure}: ${exact} on the page, ${value} in the mart`);
  }
  await page.close();
});

test("a steward decides a pair and undoes it", async () => {
  const page = await steward.newPage();
  const found = complaints(page);
  await page.goto(`${house.address}/steward-tasks`);
  const first = await page.getAttribute("main table a[href^='/steward-tasks/']", "href");
  await page.goto(house.address + first);
  await page.screenshot({ path: `${artefacts}steward-task-1280.png`, fullPage: true });
  await page.fill("[name='reason']", "different birth years on the paper forms");
  await Promise.all([page.waitForNavigation(), page.click("button[value='no_match']")]);
  await page.goto(house.address + first);
  assert.match(await page.textContent("main"), /no match/i);
  await Promise.all([page.waitForNavigation(), page.click("form[action$='/undo'] button")]);
  await page.goto(house.address + first);
  assert.equal(await page.locator("button[value='no_match']").count(), 1, "the task is open again");
  assert.deepEqual(found, []);
  await page.close();
});

test("a golden record shows where each value comes from", async () => {
  const page = await steward.newPage();
  await page.goto(`${house.address}/golden-records`);
  await page.fill("#q", "singh");
  await Promise.all([page.waitForNavigation(), page.click('form[action="/golden-records"] button')]);
  const first = await page.getAttribute("main a[href^='/golden-records/K-']", "href");
  await page.goto(house.address + first);
  const text = await page.textContent("main");
  assert.match(text, /K-[0-9A-Z]{6}-/);
  await page.screenshot({ path: `${artefacts}golden-record-1280.png`, fullPage: true });
  await page.close();
});

test("the pages can be read without JavaScript and by keyboard", async () => {
  const plain = await browser.newContext({ javaScriptEnabled: false });
  const page = await plain.newPage();
  await signIn(page, house.address, "steward", house.password("steward"));
  await page.goto(`${house.address}/`);
  assert.ok((await page.locator("main table").count()) >= 1, "charts have their tables");
  await page.keyboard.press("Tab");
  assert.match(await page.evaluate(() => document.activeElement?.textContent ?? "").catch(() => "skip"), /skip|content|main/i);
  await plain.close();
});
