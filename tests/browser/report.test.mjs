// The report of a run, opened from its file: at three widths, light and dark, in print, without a script.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { artefacts, complaints, openBrowser } from "./house.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const model = new URL("../../mdm/models/citizen.toml", import.meta.url).pathname;
let folder, browser, report;

before(async () => {
  const kanak = (...rest) => execFileSync(process.env.KANAK_BIN, rest, { encoding: "utf8" });
  folder = mkdtempSync(join(tmpdir(), "kanak-report-"));
  kanak("synth", "--records", "2000", "--flat", "--quiet", "--out", join(folder, "state"));
  const rows = readFileSync(join(folder, "state/truth/citizen.csv"), "utf8").trim().split("\n").slice(1).map((line) => line.split(","));
  const byEntity = new Map();
  for (const [source, id, entity] of rows) byEntity.set(entity, [...(byEntity.get(entity) ?? []), `${source}:${id}`]);
  const pairs = [...byEntity.values()].flatMap((all) => all.flatMap((left, at) => all.slice(at + 1).map((right) => `${left},${right}`)));
  writeFileSync(join(folder, "truth.csv"), `l,r\n${pairs.join("\n")}\n`);
  const files = ["--input", join(folder, "state/truth/citizen_flat.csv"), "--truth", join(folder, "truth.csv"), "--out", join(folder, "out")];
  kanak("match", "--model", model, "--id", "id", "--source", "source", "--estimate", "--quiet", ...files, "--explain", pairs[0]);
  report = `file://${join(folder, "out/report.html")}`;
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

for (const colorScheme of ["light", "dark"]) {
  test(`the report is sound at three widths, ${colorScheme}`, async () => {
    for (const width of [360, 768, 1280]) {
      const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 } });
      const page = await context.newPage();
      const found = complaints(page);
      await page.goto(report);
      await page.screenshot({ path: `${artefacts}report-${colorScheme}-${width}.png`, fullPage: true });
      assert.deepEqual(found, [], `at ${width}`);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(overflow <= 1, `at ${width} it is ${overflow} px too wide`);
      const outside = await page.$$eval("svg.drawing[role=img]", (all) =>
        all.flatMap((svg) => {
          const frame = svg.getBoundingClientRect();
          const texts = [...svg.querySelectorAll("text")].filter((text) => {
            const box = text.getBoundingClientRect();
            return box.left < frame.left - 2 || box.right > frame.right + 2;
          });
          return texts.map((text) => `${svg.querySelector("title").textContent}: ${text.textContent}`);
        }),
      );
      assert.deepEqual(outside, [], `words leave their picture at ${width}`);
      const crossed = await page.$$eval("#explained svg.drawing[role=img]", (all) =>
        all.flatMap((svg) => {
          const lines = [...svg.querySelectorAll("line")].map((line) => line.getBoundingClientRect());
          // Of a text's box, the part that letters without ascenders fill.
          const through = (box) => (line) =>
            line.right > box.left && line.left < box.right && line.bottom > box.top + 4 && line.top < box.bottom - 4;
          const texts = [...svg.querySelectorAll("text")].filter((text) => lines.some(through(text.getBoundingClientRect())));
          return texts.map((text) => text.textContent);
        }),
      );
      assert.deepEqual(crossed, [], `lines run through words at ${width}`);
      await context.close();
    }
  });
}

test("the report has no grave fault of accessibility", async () => {
  for (const colorScheme of ["light", "dark"]) {
    const context = await browser.newContext({ colorScheme, bypassCSP: true });
    const page = await context.newPage();
    await page.goto(report);
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => globalThis.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] }));
    const grave = violations.filter((one) => ["serious", "critical"].includes(one.impact));
    assert.deepEqual(grave.map((one) => `${one.id}: ${one.nodes[0].html}`), [], colorScheme);
    await context.close();
  }
});

test("in print every table is open", async () => {
  const page = await browser.newPage();
  await page.goto(report);
  await page.emulateMedia({ media: "print" });
  const hidden = await page.$$eval(".drawn details table", (all) => all.filter((table) => table.getBoundingClientRect().height === 0 || !table.checkVisibility({ contentVisibilityAuto: true })).length);
  assert.equal(hidden, 0, "tables that print leaves out");
  await page.pdf({ path: `${artefacts}report.pdf`, format: "A4" });
  await page.close();
});
