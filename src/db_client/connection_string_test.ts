/** Connection strings in both forms. */

import { expect, test } from "bun:test";
import { parseConnectionString } from "./connection_string.ts";

const parse = (text: string, env = {}) => parseConnectionString(text, env);

test("a URL and a list of pairs say the same", () => {
  const url = parse(
    "postgres://me:p%40ss%20w@db.example:6432/shop?sslmode=verify-ca&sslrootcert=/ca.pem&connect_timeout=3&search_path=a,b",
  );
  const pairs = parse(
    "host=db.example port = 6432 user=me password='p@ss w' dbname=shop sslmode=verify-ca sslrootcert=/ca.pem connect_timeout=3 search_path=a,b",
  );
  expect(pairs).toEqual(url);
  expect(url).toEqual({
    host: "db.example",
    port: 6432,
    user: "me",
    password: "p@ss w",
    database: "shop",
    sslMode: "verify-ca",
    sslRootCertificate: "/ca.pem",
    sslCertificate: null,
    sslKey: null,
    connectTimeout: 3,
    parameters: { search_path: "a,b" },
  });
});

test("values in pairs are unescaped", () => {
  expect(parse(String.raw`password='it\'s \\ me' user=a\ b`)).toMatchObject({
    password: String.raw`it's \ me`,
    user: "a b",
  });
});

test("what is left out comes from the environment, then from the defaults of the original", () => {
  expect(
    parse("postgresql:///", { PGHOST: "h", PGPASSWORD: "s", PGSSLMODE: "disable" }),
  ).toMatchObject({
    host: "h",
    port: 5432,
    password: "s",
    sslMode: "disable",
    database: null,
  });
  expect(parse("dbname=d")).toMatchObject({ host: "localhost", sslMode: "require" });
});

test("sockets and IPv6 addresses are hosts", () => {
  expect(parse("postgres:///d?host=/run/postgresql").host).toBe("/run/postgresql");
  expect(parse("postgres://u@[::1]:5433/d")).toMatchObject({ host: "::1", port: 5433 });
});

test("mistakes are told without repeating the string", () => {
  const mistakes = [
    "secret",
    "password='secret",
    "password=secret host",
    "postgres://u:secret%ZZ@h/d",
    "postgres://u:secret@h:99999/d",
    "password=secret port=x",
    "password=secret sslmode=secret",
    "password=secret client_encoding=latin1",
  ];
  for (const text of mistakes) {
    let error: unknown;
    try {
      parse(text);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(SyntaxError);
    expect(String(error)).not.toContain("secret");
  }
});
