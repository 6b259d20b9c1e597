/**
 * A real browser without a screen: Chromium, driven over WebDriver (plain HTTP), with a fresh profile
 * that is gone at the end. It finds no host but 127.0.0.1.
 */

import { type Missing, missingProgram } from "./missing.ts";
import { findFreePort, waitForListener } from "./ports.ts";
import { startProcess } from "./process.ts";
import { forgetProcess, makeTemporaryFolder, reapProcess } from "./reaper.ts";

const DRIVER = "chromedriver";
const BROWSERS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/** Key under which WebDriver names an element. */
const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";
const COMMAND_TIMEOUT_MS = 45_000;
const PAGE_TIMEOUT_MS = 30_000;

/** Packages of Debian that bring the browser and its driver. */
export const BROWSER_PACKAGES: readonly string[] = ["chromium", "chromium-driver"];

/** Why there is no browser, or `null`. */
export function missingBrowser(): Missing {
  return findBrowser() === null ? `none of ${BROWSERS.join(", ")} on PATH` : null;
}

/** Why no browser can be driven, or `null`. */
export function missingDrivenBrowser(): Missing {
  return missingBrowser() ?? missingProgram(DRIVER);
}

/** The browser's program. */
export function findBrowser(): string | null {
  return BROWSERS.map((name) => Bun.which(name)).find((path) => path !== null) ?? null;
}

/** A window of the browser. Elements are named by CSS selectors; a page that loads is waited for. */
export interface Browser {
  open(url: string): Promise<void>;
  /** Replaces what stands in a field of a form. */
  fill(selector: string, text: string): Promise<void>;
  /** Clicks on what leads to another page, and waits for that. */
  follow(selector: string): Promise<void>;
  /** What a reader sees of the first such element. */
  text(selector: string): Promise<string>;
  address(): Promise<string>;
  /** The window as a PNG. */
  screenshot(): Promise<Uint8Array>;
  stop(): Promise<void>;
}

/** Starts the browser; takes a second or two. */
export async function startBrowser(): Promise<Browser> {
  const port = await findFreePort();
  const driver = startProcess([DRIVER, `--port=${port}`, "--log-level=WARNING"]);
  await waitForListener(port);
  const root = `http://127.0.0.1:${port}/session`;
  const { sessionId, capabilities } = await command<SessionAnswer>(root, "POST", {
    capabilities: {
      alwaysMatch: { "goog:chromeOptions": { binary: findBrowser(), args: flags() } },
    },
  });
  const browserProcess = capabilities["goog:processID"];
  if (browserProcess !== undefined) {
    reapProcess(browserProcess, "KILL");
  }
  return new Window(`${root}/${sessionId}`, async () => {
    await driver.stop();
    if (browserProcess !== undefined) {
      forgetProcess(browserProcess);
    }
  });
}

interface SessionAnswer {
  readonly sessionId: string;
  readonly capabilities: { readonly "goog:processID"?: number };
}

class Window implements Browser {
  readonly #session: string;
  readonly #stopDriver: () => Promise<void>;

  constructor(session: string, stopDriver: () => Promise<void>) {
    this.#session = session;
    this.#stopDriver = stopDriver;
  }

  async open(url: string): Promise<void> {
    await this.#post("url", { url });
  }

  async fill(selector: string, text: string): Promise<void> {
    const element = await this.#find(selector);
    await this.#post(`${element}/clear`, {});
    await this.#post(`${element}/value`, { text });
  }

  async follow(selector: string): Promise<void> {
    const page = await this.#find("html");
    await this.#post(`${await this.#find(selector)}/click`, {});
    const end = Date.now() + PAGE_TIMEOUT_MS;
    while (await this.#stands(page)) {
      if (Date.now() > end) {
        throw new Error(`no other page came ${PAGE_TIMEOUT_MS} ms after a click on ${selector}`);
      }
      await Bun.sleep(20);
    }
  }

  async text(selector: string): Promise<string> {
    return await this.#get<string>(`${await this.#find(selector)}/text`);
  }

  async address(): Promise<string> {
    return await this.#get<string>("url");
  }

  async screenshot(): Promise<Uint8Array> {
    return Uint8Array.fromBase64(await this.#get<string>("screenshot"));
  }

  async stop(): Promise<void> {
    try {
      await command(this.#session, "DELETE");
    } finally {
      await this.#stopDriver();
    }
  }

  async #find(selector: string): Promise<string> {
    const request = { using: "css selector", value: selector };
    const found = await this.#post<{ [ELEMENT]: string }>("element", request);
    return `element/${found[ELEMENT]}`;
  }

  /** Whether the element still belongs to the page that is shown. */
  async #stands(element: string): Promise<boolean> {
    try {
      await this.#get(`${element}/name`);
      return true;
    } catch (error) {
      if (error instanceof BrowserError && error.code === "stale element reference") {
        return false;
      }
      throw error;
    }
  }

  #get<T>(path: string): Promise<T> {
    return command<T>(`${this.#session}/${path}`, "GET");
  }

  #post<T = unknown>(path: string, body: object): Promise<T> {
    return command<T>(`${this.#session}/${path}`, "POST", body);
  }
}

/** What the driver answers to a command that failed. */
class BrowserError extends Error {
  override readonly name = "BrowserError";
  readonly code: string;

  constructor(code: string, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

/** One command of WebDriver; throws with what the driver says when it fails. */
async function command<T>(url: string, method: string, body?: object): Promise<T> {
  const answer = await fetch(url, {
    method,
    signal: AbortSignal.timeout(COMMAND_TIMEOUT_MS),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const { value } = JSON.parse(await answer.text());
  if (!answer.ok) {
    throw new BrowserError(value.error, value.message);
  }
  return value;
}

function flags(): string[] {
  return [
    ...["--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1000,900"],
    // Chromium's own sandbox refuses root; it is shown nothing but our pages.
    ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
    ...["--no-first-run", "--disable-background-networking", "--disable-component-update"],
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    `--user-data-dir=${makeTemporaryFolder()}`,
  ];
}
