/** Which of several settings names an address (acra-cli.md §8.1, §8.2, B-10). */

import { expect, test } from "bun:test";
import { formatEndpoint } from "../transport/mod.ts";
import { apiListenEndpoint, connectorApiListenEndpoint, listenEndpoint } from "./endpoints.ts";

const DEFAULTS = {
  incoming_connection_host: "0.0.0.0",
  incoming_connection_port: 9393,
  incoming_connection_string: "tcp://0.0.0.0:9393/",
  incoming_connection_api_port: 9090,
  incoming_connection_api_string: "tcp://0.0.0.0:9090/",
};

function addresses(changed: Partial<typeof DEFAULTS>): [string, string] {
  const values = { ...DEFAULTS, ...changed };
  return [formatEndpoint(listenEndpoint(values)), formatEndpoint(apiListenEndpoint(values))];
}

test("the port of the API moves the API alone, and a given string wins over it", () => {
  expect(addresses({})).toEqual(["tcp://0.0.0.0:9393/", "tcp://0.0.0.0:9090/"]);
  expect(addresses({ incoming_connection_api_port: 9091 })).toEqual([
    "tcp://0.0.0.0:9393/",
    "tcp://0.0.0.0:9091/",
  ]);
  expect(
    addresses({ incoming_connection_api_port: 9091, incoming_connection_host: "127.0.0.1" }),
  ).toEqual(["tcp://127.0.0.1:9393/", "tcp://127.0.0.1:9091/"]);
  expect(
    addresses({
      incoming_connection_api_port: 9091,
      incoming_connection_string: "tcp://127.0.0.1:9091/",
      incoming_connection_api_string: "unix:///run/api",
    }),
  ).toEqual(["tcp://127.0.0.1:9091/", "unix:///run/api"]);
});

test("the connector's port of the API wins over its string", () => {
  const incoming_connection_api_string = "tcp://127.0.0.1:1/";
  const at = (incoming_connection_api_port: number) =>
    formatEndpoint(
      connectorApiListenEndpoint({ incoming_connection_api_port, incoming_connection_api_string }),
    );
  expect(at(9191)).toBe("tcp://127.0.0.1:1/");
  expect(at(9192)).toBe("tcp://127.0.0.1:9192/");
});
