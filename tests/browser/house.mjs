// A served demo and a browser, for the tests of this folder.
import { spawn } from "node:child_process";
import { mkdtempSync, mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

export const artefacts = new URL("./artefacts/", import.meta.url).pathname;

/** Runs `kanak demo` until it listens. Gives its address and the passwords that it printed once. */
export async function serveDemo(records) {
  const binary = process.env.KANAK_BIN;
  if (!binary) throw new Error("name the binary with KANAK_BIN, or run `bash tests/run`");
  const folder = mkdtempSync(join(tmpdir(), "kanak-browser-"));
  const child = spawn(binary, ["demo", "--records", String(records), "--listen", "127.0.0.1:0", "--data", join(folder, "kanak-data")]);
  let printed = "";
  const address = await new Promise((resolve, reject) => {
    const take = (chunk) => {
      printed += chunk;
      const found = printed.match(/listening on (http:\/\/\S+)/);
      if (found) resolve(found[1]);
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.on("exit", (code) => reject(new Error(`the server ended with ${code}:\n${printed}`)));
  });
  const password = (user) => printed.match(new RegExp(`user ${user}, password \\(shown once\\): (\\S+)`))?.[1];
  const stop = async () => {
    const ended = new Promise((resolve) => child.on("exit", resolve));
    child.removeAllListeners("exit");
    child.on("exit", () => {});
    child.kill("SIGTERM");
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 5000))]);
    rmSync(folder, { recursive: true, force: true });
  };
  return { address, password, stop };
}

export async function openBrowser() {
  mkdirSync(artefacts, { recursive: true });
  return chromium.launch({
    executablePath: process.env.KANAK_TEST_CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
}

/** Signs in through the form, as a person would. */
export async function signIn(page, address, user, password) {
  await page.goto(`${address}/sign-in`);
  await page.fill('input[name="user_name"]', user);
  await page.fill('input[name="password"]', password);
  await Promise.all([page.waitForNavigation(), page.click('form[action="/sign-in"] button')]);
}

/** Collects what a page complains of: errors of scripts, refused by the content security policy, failed requests. */
export function complaints(page) {
  const found = [];
  page.on("console", (message) => message.type() === "error" && found.push(message.text()));
  page.on("pageerror", (error) => found.push(String(error)));
  page.on("response", (response) => response.status() >= 400 && found.push(`${response.status()} ${response.url()}`));
  return found;
}
