/** Connection strings as settings hold them. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Endpoint, EndpointError, formatEndpoint, parseEndpoint } from "./endpoint.ts";

const tcp = (host: string, port: number): Endpoint => ({ kind: "tcp", host, port });

describe("parseEndpoint", () => {
  test.each<[string, Endpoint]>([
    ["tcp://0.0.0.0:9393/", tcp("0.0.0.0", 9393)],
    ["tcp://localhost:9393", tcp("localhost", 9393)],
    ["tcp://:9393/", tcp("", 9393)],
    ["TCP://host:1/ignored?x#y", tcp("host", 1)],
    ["grpc://0.0.0.0:9696", tcp("0.0.0.0", 9696)],
    ["http://a-b.example:80/path", tcp("a-b.example", 80)],
    ["tcp://[::1]:9393/", tcp("::1", 9393)],
    ["tcp://[fe80::1%eth0]:65535/", tcp("fe80::1%eth0", 65_535)],
    ["tcp://[::ffff:127.0.0.1]:0/", tcp("::ffff:127.0.0.1", 0)],
    ["unix:///run/acra.sock", { kind: "unix", path: "/run/acra.sock" }],
    ["unix:///run/a%20b?x", { kind: "unix", path: "/run/a b" }],
  ])("reads %s", (text, endpoint) => {
    expect(parseEndpoint(text)).toEqual(endpoint);
  });

  test.each<[string, string]>([
    ["", "it must look like"],
    ["127.0.0.1:9393", "it must look like"],
    ["tcp:/host:1", "it must look like"],
    ["udp://host:1", "unknown scheme udp"],
    ["tcp://host", "the port is missing"],
    ["tcp://host/9393", "the port is missing"],
    ["tcp://host:", "the port must be a number"],
    ["tcp://host:x", "the port must be a number"],
    ["tcp://host:-1", "the port must be a number"],
    ["tcp://host:65536", "the port must be a number"],
    ["tcp://::1:9393/", "brackets"],
    ["tcp://[::1]", "brackets"],
    ["tcp://[host]:1/", "brackets must hold an IPv6 address"],
    ["tcp://user@host:1/", "the host has a character"],
    ["tcp://ho st:1/", "the host has a character"],
    ["unix://relative/path", "absolute path"],
    ["unix://", "absolute path"],
    ["unix:///run/", "does not name a file"],
    ["unix:///a%00b", "does not name a file"],
    ["unix:///a%zz", "broken percent escape"],
  ])("refuses %s", (text, reason) => {
    expect(() => parseEndpoint(text)).toThrow(EndpointError);
    expect(() => parseEndpoint(text)).toThrow(reason);
    expect(() => parseEndpoint(text)).toThrow(`"${text}"`);
  });

  test("reads back whatever formatEndpoint writes", () => {
    const path = fc
      .array(fc.string({ minLength: 1, unit: "grapheme-ascii" }), { minLength: 1 })
      .map((parts) => `/${parts.join("/")}`)
      .filter((text) => !text.endsWith("/"));
    const endpoint = fc.oneof(
      fc.record({
        kind: fc.constant("tcp" as const),
        host: fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6(), fc.constant("")),
        port: fc.nat(65_535),
      }),
      fc.record({ kind: fc.constant("unix" as const), path }),
    );
    fc.assert(
      fc.property(endpoint, (value) => {
        expect(parseEndpoint(formatEndpoint(value))).toEqual(value);
      }),
    );
  });

  test("answers any text with an endpoint or an EndpointError", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((rest) => `tcp://${rest}`),
        ),
        (text) => {
          try {
            parseEndpoint(text);
          } catch (error) {
            expect(error).toBeInstanceOf(EndpointError);
          }
        },
      ),
    );
  });
});
