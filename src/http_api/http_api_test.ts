/** Requests cut anywhere, hostile requests, and every answer byte for byte. */

import { describe, expect, test } from "bun:test";
import { forEachVector, optional, text } from "../../test/vectors/vectors.ts";
import type { Logger } from "../log/mod.ts";
import type { ApiConfig, ConfigChange } from "./api_config.ts";
import { type ApiRequest, RequestReader, type RequestState } from "./request_reader.ts";
import { type ApiActions, answerRequest, needsBody } from "./router.ts";

const CONFIG: ApiConfig = {
  db_host: "127.0.0.1",
  db_port: 5432,
  incoming_connection_api_port: 9090,
  debug: false,
  poison_run_script_file: "",
  poison_shutdown_enable: false,
  zonemode_enable: false,
};
const FAILED = "HTTP/1.1 500 Server error\r\n\r\n\r\n\r\n";
const NOT_FOUND = "HTTP/1.1 404 Not Found\r\n\r\nincorrect request\r\n\r\n";
const DONE = "HTTP/1.1 200 OK Found\r\n\r\n";

function read(bytes: Uint8Array | string, step = 1 << 20): RequestState {
  const reader = new RequestReader(needsBody);
  const all = new Uint8Array(Buffer.from(bytes));
  let state: RequestState = { kind: "incomplete" };
  for (let at = 0; at < all.length && state.kind === "incomplete"; at += step) {
    state = reader.push(all.subarray(at, at + step));
  }
  return state;
}

function pathOf(state: RequestState): string | null {
  return state.kind === "request" ? state.request.path : null;
}

function bodyOf(state: RequestState): string | null {
  return state.kind === "request" && state.request.body !== null
    ? Buffer.from(state.request.body).toString()
    : null;
}

class Recorder implements Logger {
  readonly lines: string[] = [];
  debug(): void {}
  info(): void {}
  warning(): void {}
  error(message: string, fields: object = {}): void {
    this.lines.push(`${message} ${JSON.stringify(fields)}`);
  }
}

function ask(
  path: string,
  options: {
    readonly actions?: Partial<ApiActions>;
    readonly zonesOnly?: boolean;
    readonly body?: Uint8Array | string | null;
    readonly log?: Recorder;
  } = {},
): Promise<string> {
  const body = options.body ?? (options.body === null ? null : "");
  const request: ApiRequest = {
    path,
    body: body === null ? null : new Uint8Array(Buffer.from(body)),
  };
  return answerRequest(request, {
    actions: {
      makeZone: () => '{"id":"<zone id>","public_key":"<base64>"}',
      resetKeys: async () => {},
      loadAccounts: () => {
        throw new Error("no accounts");
      },
      readConfig: () => CONFIG,
      changeConfig: async () => {},
      ...options.actions,
    },
    zonesOnly: options.zonesOnly ?? false,
    log: options.log ?? new Recorder(),
    about: { peer: "127.0.0.1:50000" },
  });
}

forEachVector(
  "acra",
  "transport.api",
  {
    request: text,
    response_utf8: optional(text),
    response_template_utf8: optional(text),
  },
  async ({ request, response_utf8, response_template_utf8 }) => {
    const line = request.replace(" (failure)", "");
    const state = read(`${line} HTTP/1.1\r\nHost: x\r\n\r\n`);
    const answer = await ask(pathOf(state) ?? "");
    expect(answer).toBe(response_utf8 ?? response_template_utf8 ?? "");
  },
);

describe("RequestReader", () => {
  test("reads a request however it is cut, also with bare line feeds", () => {
    for (const bytes of [
      'POST /setConfig HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\n{"a":1',
      'POST /setConfig HTTP/1.0\nContent-Length:6\n\n{"a":1',
      'PUT /setConfig?x=1 HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n2;e\r\n{"\r\n4\r\na":1\r\n0\r\n\r\n',
    ]) {
      for (const step of [1, 2, 3, 7, 1000]) {
        expect(pathOf(read(bytes, step))).toBe("/setConfig");
        expect(bodyOf(read(bytes, step))).toBe('{"a":1');
      }
    }
  });

  test("takes the path as it is: query off, escapes resolved, absolute form too", () => {
    const pathFor = (target: string) => pathOf(read(`GET ${target} HTTP/1.1\r\n\r\n`));
    expect(pathFor("/getConfig?a=/b")).toBe("/getConfig");
    expect(pathFor("http://acra:9191/getConfig")).toBe("/getConfig");
    expect(pathFor("/get%43onfig")).toBe("/getConfig");
    expect(pathFor("/getConfig/")).toBe("/getConfig/");
  });

  test("waits for the body only where it is read", () => {
    const head = (path: string) => `POST ${path} HTTP/1.1\r\nContent-Length: 9\r\n\r\n`;
    expect(read(head("/getConfig")).kind).toBe("request");
    expect(read(head("/setConfig")).kind).toBe("incomplete");
  });

  test("refuses what is no request", () => {
    for (const bytes of [
      "\r\n\r\n",
      "GET /\r\n\r\n",
      "GET / HTTP/1.1 \r\n\r\n",
      "GET nowhere HTTP/1.1\r\n\r\n",
      "GET /%zz HTTP/1.1\r\n\r\n",
      "G(T / HTTP/1.1\r\n\r\n",
      "GET / FTP/1.1\r\n\r\n",
      "GET / HTTP/1.1\r\nno colon\r\n\r\n",
      "GET / HTTP/1.1\r\n: x\r\n\r\n",
      "GET / HTTP/1.1\r\nA: \0\r\n\r\n",
      "POST /setConfig HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
      "POST /setConfig HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      "POST /setConfig HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
      "POST /setConfig HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
      "POST /setConfig HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
      "POST /setConfig HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
    ]) {
      expect({ bytes, kind: read(bytes).kind }).toEqual({ bytes, kind: "malformed" });
      expect({ bytes, kind: read(bytes, 1).kind }).toEqual({ bytes, kind: "malformed" });
    }
  });

  test("reads heads up to 64 KiB and bodies up to 1 MiB", () => {
    const head = (length: number) => {
      const rest = "GET / HTTP/1.1\r\nA: \r\n\r\n".length;
      return `GET / HTTP/1.1\r\nA: ${"a".repeat(length - rest)}\r\n\r\n`;
    };
    expect(read(head(65_536)).kind).toBe("request");
    expect(read(head(65_537)).kind).toBe("malformed");
    expect(read("a".repeat(65_537), 1000).kind).toBe("malformed");
    const post = (length: number) =>
      `POST /setConfig HTTP/1.1\r\nContent-Length: ${length}\r\n\r\n${"a".repeat(length)}`;
    expect(bodyOf(read(post(1 << 20), 5000))?.length).toBe(1 << 20);
    expect(read(post((1 << 20) + 1))).toEqual({
      kind: "request",
      request: { path: "/setConfig", body: null },
    });
    const chunks = `POST /setConfig HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n${"1\r\na\r\n".repeat(400_000)}`;
    expect(bodyOf(read(chunks, 100_000))).toBeNull();
    expect(read(chunks, 100_000).kind).toBe("request");
  });

  test("a head that comes byte by byte costs no more than a whole one", () => {
    const started = performance.now();
    expect(read(`GET / HTTP/1.1\r\nA: ${"a".repeat(60_000)}\r\n\r\n`, 1).kind).toBe("request");
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});

describe("answerRequest", () => {
  test("compares paths exactly", async () => {
    for (const path of ["/", "/getconfig", "/getConfig/", "//getConfig", "", "/toString"]) {
      expect(await ask(path)).toBe(NOT_FOUND);
    }
  });

  test("leaves only two paths open when it is told so", async () => {
    const answers = await Promise.all(
      ["/getNewZone", "/resetKeyStorage", "/loadAuthData", "/getConfig", "/setConfig"].map((path) =>
        ask(path, { zonesOnly: true, body: "{}" }),
      ),
    );
    expect(answers.map((answer) => answer.slice(9, 12))).toEqual([
      "200",
      "200",
      "404",
      "404",
      "404",
    ]);
    expect(answers[3]).toBe(NOT_FOUND);
  });

  test("answers accounts as they are", async () => {
    const actions = { loadAccounts: () => "user:salt:3,8192,2,32:hash=\n" };
    expect(await ask("/loadAuthData", { actions })).toBe(
      `${DONE}user:salt:3,8192,2,32:hash=\n\r\n\r\n`,
    );
  });

  test("says why in the log when something fails, and nothing in the answer", async () => {
    const log = new Recorder();
    const fail = () => {
      throw new Error("disk full");
    };
    expect(await ask("/getNewZone", { log, actions: { makeZone: fail } })).toBe(NOT_FOUND);
    expect(await ask("/resetKeyStorage", { log, actions: { resetKeys: fail } })).toBe(FAILED);
    expect(log.lines[0]).toContain('"code":590');
    expect(log.lines[0]).toContain("disk full");
    expect(log.lines[0]).toContain("127.0.0.1:50000");
  });

  test("escapes JSON as the original's encoder does", async () => {
    const readConfig = () => ({ ...CONFIG, poison_run_script_file: '/<a>&"\u2028' });
    expect(await ask("/getConfig", { actions: { readConfig } })).toContain(
      String.raw`"poison_run_script_file":"/\u003ca\u003e\u0026\"\u2028"`,
    );
  });

  test("passes on what a change names, and nothing else", async () => {
    const changes: ConfigChange[] = [];
    const actions = { changeConfig: async (change: ConfigChange) => void changes.push(change) };
    const body = JSON.stringify({
      incoming_connection_host: "",
      db_host: "db",
      db_port: 5433,
      debug: true,
      poison_run_script_file: "",
      zonemode_enable: null,
    });
    expect(await ask("/setConfig", { actions, body })).toBe(DONE);
    expect(JSON.parse(JSON.stringify(changes))).toEqual([
      { db_host: "db", db_port: 5433, debug: true, poison_run_script_file: "" },
    ]);
  });

  test("refuses changes of the wrong shape without trying them", async () => {
    const log = new Recorder();
    let tried = 0;
    const actions = { changeConfig: async () => void tried++ };
    for (const body of [
      "",
      "[]",
      "null",
      "{",
      '{"db_port":"5432"}',
      '{"db_port":1.5}',
      '{"debug":1}',
      '{"debug":"true"}',
      '{"db_host":5}',
      '{"db_host":"a\\nacracensor_config_file: x"}',
      '{"poison_run_script_file":"/a\\u0000"}',
      Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
      null,
    ]) {
      expect(await ask("/setConfig", { actions, body, log })).toBe(FAILED);
    }
    expect(tried).toBe(0);
    expect(log.lines).toHaveLength(13);
    expect(log.lines.join()).not.toContain("acracensor");
  });
});
