/** The pages of examples/django as a visitor uses them, and the pictures that are taken of them. */

import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "../harness/browser.ts";

/** What is written into the form of an entry. */
export interface Entry {
  readonly headline: string;
  readonly summary: string;
  readonly body: string;
  readonly author: string;
}

/** What is written into the form of a member; no recovery address is none. */
export interface Member {
  readonly display_name: string;
  readonly contact_email: string;
  readonly billing_email: string;
  readonly recovery_email: string;
}

const PICTURES = join(tmpdir(), "acra-e2e");

/** A site in a browser. */
export class Pages {
  readonly #browser: Browser;
  readonly #root: string;

  constructor(browser: Browser, port: number) {
    this.#browser = browser;
    this.#root = `http://127.0.0.1:${port}`;
  }

  /** Opens a page; answers what a reader sees of it. */
  async read(path: string): Promise<string> {
    await this.#browser.open(this.#root + path);
    return await this.#readBody();
  }

  /** Fills in a form and sends it; answers the page that comes back. */
  async send(fields: object, button = "main button[type=submit]"): Promise<string> {
    for (const [name, value] of Object.entries(fields)) {
      await this.#browser.fill(`[name=${name}]`, value);
    }
    await this.#browser.follow(button);
    return await this.#readBody();
  }

  /** Opens a page, logs in where that is asked for, and sends the form that is on the page. */
  async submit(path: string, fields: object, login: object, button?: string): Promise<string> {
    await this.read(path);
    if ((await this.#browser.address()).includes("/login/")) {
      await this.send(login, "[type=submit]");
    }
    return await this.send(fields, button);
  }

  /** Takes a picture of the page that is open; answers its file. */
  async takePicture(name: string): Promise<string> {
    mkdirSync(PICTURES, { recursive: true });
    const file = join(PICTURES, `${name}.png`);
    await Bun.write(file, await this.#browser.screenshot());
    console.log(`picture: ${file}`);
    return file;
  }

  #readBody(): Promise<string> {
    return this.#browser.text("body");
  }
}
