/**
 * The site of examples/django in a real browser: an entry and a member go through its forms, are read
 * on its pages, and lie in the database as AcraStructs that a thief cannot read.
 */

import { afterAll, beforeAll, describe, expect } from "bun:test";
import { join } from "node:path";
import postgres, { type Sql } from "postgres";
import {
  type AcraKeys,
  type AcraProcess,
  makeKeys,
  startAcraConnector,
  startAcraServer,
} from "../harness/acra.ts";
import { type Browser, missingDrivenBrowser, startBrowser } from "../harness/browser.ts";
import { findFreePort, waitForListener } from "../harness/ports.ts";
import { type PostgresServer, startPostgres } from "../harness/postgres.ts";
import { type RunningProcess, runProcess, startProcess } from "../harness/process.ts";
import { missingPythonModule, PYTHON, testUnless } from "../harness/skip.ts";
import { type Entry, type Member, Pages } from "./pages.ts";
import { expectAcraStruct, findWords, readWholeDatabase } from "./stored.ts";

const EXAMPLES = join(import.meta.dir, "../../examples");
const LOGIN = { username: "editor", password: "unguessable-4711" };
const ENTRY: Entry = {
  headline: "Schliemann found a city",
  summary: "Seven layers, and the gold lay in the second.",
  body: "He dug straight through Priam's palace.\n\nÜber Troja schrieb er später mehr.",
  author: "Sophia Engastromenos",
};
const WITHOUT_SUMMARY: Entry = {
  headline: "Minutes of the board",
  summary: "",
  body: "Nobody outside may know.",
  author: "Wilhelm Dörpfeld",
};
const MEMBER: Member = {
  display_name: "Ernst Curtius",
  contact_email: "curtius@olympia.example",
  billing_email: "invoices@berlin.example",
  recovery_email: "",
};
const MEMBER_OF_ADMIN: Member = {
  display_name: "Arthur Evans",
  contact_email: "evans@knossos.example",
  billing_email: "ashmolean@oxford.example",
  recovery_email: "minotaur@labyrinth.example",
};

/** A column of text becomes a protected one, as section 9 of the tutorial tells; prints what is read. */
const CHANGE_OF_A_COLUMN = `
from acrawriter.django import CharField
from django.db import connection, migrations, models
from django.db.migrations.state import ProjectState

class Migration(migrations.Migration):
    operations = [
        migrations.RunSQL("ALTER TABLE blog_old ALTER name TYPE bytea USING convert_to(name, 'UTF8')"),
        migrations.AlterField("old", "name", CharField(max_length=50)),
    ]

before = migrations.CreateModel("Old", [
    ("id", models.BigAutoField(primary_key=True)),
    ("name", models.CharField(max_length=50)),
])
state = ProjectState()
before.state_forwards("blog", state)
with connection.schema_editor() as editor:
    before.database_forwards("blog", editor, ProjectState(), state)
state.apps.get_model("blog", "Old").objects.create(name="Grüße aus C:\\\\temp")
with connection.schema_editor() as editor:
    state = Migration("change", "blog").apply(state, editor)
Old = state.apps.get_model("blog", "Old")
print(Old.objects.get().name)
for row in Old.objects.iterator():
    row.save()
print(Old.objects.get().name)
`;

const missing =
  missingDrivenBrowser() ??
  missingPythonModule("django") ??
  missingPythonModule("psycopg2") ??
  missingPythonModule("cryptography");

describe("the site of examples/django", () => {
  let database: PostgresServer;
  let sql: Sql;
  let keys: AcraKeys;
  let browser: Browser;
  let site: Pages;
  let connectorPort: number;
  const processes: { stop(): Promise<unknown> }[] = [];

  beforeAll(async () => {
    if (missing !== null) {
      return;
    }
    [keys, database] = await Promise.all([makeKeys(), startPostgres()]);
    sql = postgres(database.url(), { max: 1, onnotice: () => {} });
    const server: AcraProcess = await startAcraServer(database, { keys });
    const connector = await startAcraConnector(server, { keys });
    processes.push(server, connector);
    connectorPort = connector.port;
    await manage(connector.port, "migrate", "--no-input");
    await manage(
      connector.port,
      "createsuperuser",
      "--no-input",
      "--email=editor@site.example",
      "--username=editor",
    );
    browser = await startBrowser();
    site = await startSite(connector.port);
  });

  afterAll(async () => {
    await browser?.stop();
    for (const process of processes.toReversed()) {
      await process.stop();
    }
    await sql?.end({ timeout: 1 });
    await database?.stop();
  });

  function environment(databasePort: number): Record<string, string> {
    return {
      PYTHONPATH: join(EXAMPLES, "python"),
      PYTHONDONTWRITEBYTECODE: "1",
      PYTHONUNBUFFERED: "1",
      DJANGO_SUPERUSER_PASSWORD: LOGIN.password,
      EXAMPLE_PUBLIC_KEY: join(keys.folder, "acra-writer", `${keys.clientId}_storage.pub`),
      EXAMPLE_HOST: database.host,
      EXAMPLE_PORT: String(databasePort),
      EXAMPLE_DB_NAME: database.database,
      EXAMPLE_DB_USER: database.user,
      EXAMPLE_DB_PASSWORD: database.password,
    };
  }

  /** Runs a command of Django to its end; answers what it printed. */
  async function manage(databasePort: number, ...args: string[]): Promise<string> {
    const { status, stdout, stderr } = await runProcess([PYTHON, "manage.py", ...args], {
      cwd: join(EXAMPLES, "django"),
      env: environment(databasePort),
    });
    if (status !== 0) {
      throw new Error(`manage.py ${args.join(" ")}: status ${status}\n${stderr}`);
    }
    return stdout;
  }

  /** Starts the site over a connection to that port. */
  async function startSite(databasePort: number): Promise<Pages> {
    const port = await findFreePort();
    const command = [PYTHON, "manage.py", "runserver", "--noreload", `127.0.0.1:${port}`];
    const process: RunningProcess = startProcess(command, {
      cwd: join(EXAMPLES, "django"),
      env: environment(databasePort),
    });
    processes.push(process);
    const ended = process.exited.then(() => {
      throw new Error(`the site ended before it was ready:\n${process.stderr.text}`);
    });
    await Promise.race([waitForListener(port), ended]);
    ended.catch(() => {});
    return new Pages(browser, port);
  }

  testUnless(missing, "the models are the ones that the migrations make", async () => {
    expect(await manage(database.port, "makemigrations", "--check", "--dry-run")).toBe(
      "No changes detected",
    );
    expect(await manage(database.port, "check")).toStartWith("System check identified no issues");
  });

  testUnless(missing, "an entry goes through the form and is read on the pages", async () => {
    expect(await site.read("/")).toContain("No entries yet.");
    const page = await site.submit("/entries/add/", ENTRY, LOGIN);
    await site.takePicture("entry");
    for (const text of [ENTRY.headline, ENTRY.summary, ...ENTRY.body.split("\n\n"), ENTRY.author]) {
      expect(page).toContain(text);
    }
    await site.read("/entries/add/");
    await site.takePicture("form");
    await site.send(WITHOUT_SUMMARY);
    const list = await site.read("/");
    expect(list).toContain(`${ENTRY.headline}\n${ENTRY.author}, `);
    expect(list).toContain(ENTRY.summary);
    expect(list).toContain(WITHOUT_SUMMARY.headline);
    expect(await Bun.file(await site.takePicture("entries")).bytes()).toSatisfy(isPicture);
  });

  testUnless(missing, "a member goes through the form and is read on the page", async () => {
    const page = await site.submit("/members/add/", MEMBER, LOGIN);
    expect(page).toContain(
      `${MEMBER.display_name} ${MEMBER.contact_email} ${MEMBER.billing_email} –`,
    );
    await site.takePicture("members");
  });

  testUnless(missing, "the admin adds a member and changes an entry", async () => {
    const added = await site.submit(
      "/admin/blog/member/add/",
      MEMBER_OF_ADMIN,
      LOGIN,
      "[name=_save]",
    );
    for (const text of Object.values(MEMBER_OF_ADMIN)) {
      expect(added).toContain(text);
    }
    const change = `/admin/blog/entry/${await findEntry()}/change/`;
    const changed = await site.submit(change, { author: "A. Nonymous" }, LOGIN, "[name=_save]");
    expect(changed).toContain("A. Nonymous");
    expect(changed).not.toContain(WITHOUT_SUMMARY.author);
    await site.takePicture("admin");
  });

  /** Id of the entry without a summary. */
  async function findEntry(): Promise<number> {
    const [row] = await sql`SELECT id FROM blog_entry WHERE summary = ''`;
    return Number(row?.["id"]);
  }

  testUnless(missing, "the tables hold AcraStructs, and no word of a protected value", async () => {
    const [entry, other] = await sql`SELECT * FROM blog_entry ORDER BY id`;
    for (const [name, text] of Object.entries(ENTRY)) {
      expectAcraStruct(entry?.[name], text.replaceAll("\n", "\r\n"));
    }
    expect(other?.["summary"]).toEqual(Buffer.alloc(0));
    expectAcraStruct(other?.["author"], "A. Nonymous");
    const [member, memberOfAdmin] = await sql`SELECT * FROM blog_member ORDER BY id`;
    expectAcraStruct(member?.["contact_email"], MEMBER.contact_email);
    expectAcraStruct(member?.["billing_email"], MEMBER.billing_email);
    expect(member?.["recovery_email"]).toBeNull();
    expectAcraStruct(memberOfAdmin?.["recovery_email"], MEMBER_OF_ADMIN.recovery_email);

    const everything = await readWholeDatabase(sql);
    expect(everything).toContain(MEMBER.display_name); // it is not protected: the search finds words
    const { display_name: _, ...addresses } = MEMBER_OF_ADMIN;
    const secrets = [ENTRY, WITHOUT_SUMMARY, addresses].flatMap((one) => Object.values(one));
    secrets.push(MEMBER.contact_email, MEMBER.billing_email, "A. Nonymous");
    expect(findWords(everything, secrets)).toEqual([]);
    const inHex = secrets.map((text) => Buffer.from(text).toString("hex"));
    expect(findWords(everything, inHex)).toEqual([]);
  });

  testUnless(
    missing,
    "rows of an unprotected site stay readable, and are sealed when saved",
    async () => {
      const printed = await manage(connectorPort, "shell", "-c", CHANGE_OF_A_COLUMN);
      expect(printed).toEndWith("Grüße aus C:\\temp\nGrüße aus C:\\temp");
      const [row] = await sql`SELECT name FROM blog_old`;
      expectAcraStruct(row?.["name"], "Grüße aus C:\\temp");
    },
  );

  testUnless(missing, "past the connector the pages show nothing to read", async () => {
    const stolen = await startSite(database.port);
    const list = await stolen.read("/");
    expect(list).toContain('""""""""UEC2');
    expect(findWords(list, [...Object.values(ENTRY), WITHOUT_SUMMARY.headline])).toEqual([]);
    await stolen.takePicture("entries_of_a_thief");
  });
});

/** A PNG of the window, with more on it than one colour. */
function isPicture(png: Uint8Array): boolean {
  const view = new DataView(png.buffer, png.byteOffset);
  const size = [view.getUint32(16), view.getUint32(20)];
  return (
    Buffer.from(png).toString("latin1", 1, 4) === "PNG" &&
    (size[0] ?? 0) >= 900 &&
    png.length > 10_000
  );
}
