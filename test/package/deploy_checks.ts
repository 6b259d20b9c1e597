/**
 * docs/deploy.md, typed block by block on three machines with systemd (machine.ts). They share one
 * network, so that all of it stays on 127.0.0.1; the application's machine therefore has its metrics on
 * another port than the page says.
 */

import { afterAll, beforeAll, describe, expect } from "bun:test";
import { copyFileSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { missingProgram } from "../harness/missing.ts";
import { makeTemporaryFolder } from "../harness/reaper.ts";
import { testUnless } from "../harness/skip.ts";
import { Machine, missingMachine } from "./machine.ts";
import { ARCHITECTURE, findPackage } from "./release_folder.ts";

const ROOT = resolve(import.meta.dir, "..", "..");
const PAGE = readFileSync(join(ROOT, "docs/deploy.md"), "utf8");
const EXAMPLE = join(ROOT, "examples/typescript/example_without_zone.ts");
const PLAINTEXT = "4929 1273 4096 1111";
const NAMES = "127.0.0.1 localhost acra.example.net app.example.net database.example.net";
const DATABASE = {
  EXAMPLE_DB_NAME: "shop",
  EXAMPLE_DB_USER: "webshop",
  EXAMPLE_DB_PASSWORD: "test",
};

const missing =
  missingMachine() ?? missingProgram("psql") ?? missingProgram("apt-get") ?? missingProgram("nft");

type MachineName = "acra" | "app";

interface Block {
  readonly machines: readonly MachineName[];
  readonly heading: string;
  readonly text: string;
}

/** The blocks that say on which machines they are typed; there are no others. */
function readBlocks(): readonly Block[] {
  const blocks: Block[] = [];
  let heading = "";
  for (const [, title, words = "", text = ""] of PAGE.matchAll(
    /^## (.+)$|^```sh(.*)\n((?:.*\n)*?)```$/gm,
  )) {
    if (title !== undefined) {
      heading = title;
    } else {
      const machines = words.trim().split(" ") as MachineName[];
      expect(machines.filter((name) => !["acra", "app"].includes(name))).toEqual([]);
      blocks.push({ machines, heading, text });
    }
  }
  return blocks;
}

describe("docs/deploy.md", () => {
  const blocks = readBlocks();
  let machines: Record<MachineName, Machine>;
  let database: Machine;

  beforeAll(async () => {
    if (missing !== null) {
      return;
    }
    const folder = makeTemporaryFolder();
    copyFileSync(findPackage(), join(folder, basename(findPackage())));
    database = await Machine.boot();
    machines = {
      acra: await Machine.boot({ folders: [folder], network: database }),
      app: await Machine.boot({ folders: [folder], network: database }),
    };
    for (const machine of Object.values(machines)) {
      await machine.shell(`cp ${folder}/*.deb /root && echo '${NAMES}' >/etc/hosts`);
    }
    const program = join(import.meta.dir, "database_process.ts");
    const running = database.start([process.execPath, program]);
    const [, url = ""] = (await running.stdout.waitFor("ready", 40_000)).split(" ");
    await database.shell(`psql -q ${url} -c "CREATE USER webshop PASSWORD 'test'"
      psql -q ${url} -c 'CREATE DATABASE shop OWNER webshop'`);
  }, 120_000);

  afterAll(async () => {
    for (const machine of [...Object.values(machines ?? {}), database]) {
      await machine?.stop();
    }
  });

  /** Types a block; variables and the umask last to the machine's next one, as in one shell. */
  async function type(name: MachineName, text: string): Promise<string> {
    const own = name === "app" ? text.replaceAll("9399", "9398") : text;
    const ready =
      name === "app"
        ? "acra ready --wait=10 --address=tcp://127.0.0.1:9398/"
        : "acra ready --wait=10";
    const typed = own
      .replaceAll("_amd64.deb", `_${ARCHITECTURE}.deb`)
      .replaceAll(/^acra ready --wait=10$/gm, `systemctl is-active acra-*.service && ${ready}`);
    return await machines[name].shell(
      `[ ! -e /root/.state ] || . /root/.state\n${typed}\n` +
        "{ set; export -p; echo umask $(umask); } >/root/.state",
      { cwd: "/root", env: { DEBIAN_FRONTEND: "noninteractive" } },
    );
  }

  async function typeSection(heading: string): Promise<string> {
    const chosen = blocks.filter((block) => block.heading === heading);
    expect(chosen.length).toBeGreaterThan(0);
    let said = "";
    for (const { machines: names, text } of chosen) {
      for (const name of names) {
        // What an administrator carries over, as soon as it is there.
        await carry();
        said += await type(name, text);
      }
    }
    return said;
  }

  async function carry(): Promise<void> {
    for (const [from, to, file] of [
      ["acra", "app", "/root/acra-public.json"],
      ["app", "acra", "/root/app-public.json"],
    ] as const) {
      const { status, stdout } = await machines[from].run(["cat", file]);
      if (status === 0) {
        await machines[to].shell('printf %s "$TEXT" >"$FILE"', {
          env: { TEXT: stdout, FILE: file },
        });
      }
    }
  }

  async function example(name: MachineName | "database", ...flags: string[]): Promise<string> {
    const machine = name === "database" ? database : machines[name];
    return await machine.check([process.execPath, EXAMPLE, ...flags], { env: DATABASE });
  }

  testUnless(
    missing,
    "installs",
    async () => {
      await typeSection("Install");
    },
    180_000,
  );

  testUnless(missing, "distributes keys, and every folder passes its check", async () => {
    await typeSection("Which key goes where");
    const files = async (name: MachineName) => {
      const folder = `/var/lib/acra-${name === "acra" ? "server" : "connector"}/keys`;
      return (await machines[name].shell(`cd ${folder} && find . -type f`)).split("\n").sort();
    };
    // The table's files, and none besides: private keys lie where they were made.
    expect((await files("acra")).filter((file) => !file.endsWith(".pub"))).toEqual([
      "./.poison_key/poison_key",
      "./webshop_server",
      "./webshop_storage",
    ]);
    expect(await files("app")).toEqual(["./webshop", "./webshop.pub", "./webshop_server.pub"]);
    expect(await files("acra")).toContain("./webshop.pub");
    expect(await machines.app.shell("ls /etc/webshop")).toBe("webshop_storage.pub");
  });

  testUnless(missing, "starts both services, which are ready", async () => {
    expect(await typeSection("The server")).toContain("ready");
    expect(await typeSection("The connector")).toContain("ready");
  });

  testUnless(missing, "leaves the doctor nothing to find wrong", async () => {
    const said = await typeSection("Look it over");
    expect(said).toContain("the server's host: nothing is wrong");
    expect(said).toContain("the connector's host: nothing is wrong");
  });

  testUnless(missing, "gives users and modes as its table says", async () => {
    for (const [name, service] of [
      ["acra", "acra-server"],
      ["app", "acra-connector"],
    ] as const) {
      const places = [`/etc/acra/${service}.yaml`, `/etc/acra/${service}.env`];
      const folders = [`/var/lib/${service}/keys`, `/run/${service}`];
      const modes = ["stat", "-c", "%U %a", ...places, ...folders];
      expect(await machines[name].check(modes)).toBe(
        `root 644\nroot 600\n${service} 700\n${service} 750`,
      );
    }
  });

  testUnless(missing, "ends with rows that only the application's machine can read", async () => {
    const key = "--public_key=/etc/webshop/webshop_storage.pub";
    const asApplication = ["setpriv", "--reuid=www-data", "--regid=www-data", "--clear-groups"];
    await machines.app.check(
      [...asApplication, process.execPath, EXAMPLE, key, `--data=${PLAINTEXT}`],
      { env: DATABASE },
    );
    const row = `| ${PLAINTEXT} | ${PLAINTEXT}`;
    expect(await example("app", "--port=9494", "--print")).toContain(row);
    expect(await example("database", "--port=5432", "--print")).not.toContain(row);
  });

  testUnless(missing, "moves the connector to a unix socket for a group", async () => {
    await typeSection("A unix socket in place of a port");
    const url = "postgres:///shop?host=/run/acra-connector&user=webshop&password=test";
    const [, shown = ""] = /`(postgres:\/\/\/\S+)`/.exec(PAGE) ?? [];
    expect(`${shown}&password=test`).toBe(url);
    const ask = ["psql", "-XAtq", url, "-c", "SELECT data FROM test_example_without_zone"];
    const member = ["setpriv", "--reuid=www-data", "--regid=www-data", "--init-groups"];
    const hex = Buffer.from(PLAINTEXT).toString("hex");
    expect(await machines.app.check([...member, ...ask])).toBe(`\\x${hex}`);
    const stranger = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"];
    expect((await machines.app.run([...stranger, ...ask])).stderr).toContain("Permission denied");
  });

  testUnless(missing, "has rules for nftables that can be loaded", async () => {
    await typeSection("Firewall");
    const folder = join(ROOT, "examples/deploy/nftables");
    await database.check(["nft", "--check", "--file", join(folder, "database.nft")]);
    await machines.app.check(["nft", "--check", "--file", join(folder, "app.nft")]);
  });
});
