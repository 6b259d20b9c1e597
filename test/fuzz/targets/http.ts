/** The server's HTTP API: requests however they are cut, and the settings in them. */

import { concatBytes } from "../../../src/bytes/mod.ts";
import { ConfigChangeError, parseConfigChange } from "../../../src/http_api/api_config.ts";
import { RequestReader, type RequestState } from "../../../src/http_api/request_reader.ts";
import { needsBody } from "../../../src/http_api/router.ts";
import { cutBytes } from "../cuts.ts";
import { ascii, attempt, demand, type FuzzTarget } from "../target.ts";

const BODY = '{"db_host":"h","db_port":5432,"debug":true,"zonemode_enable":null}';
const REQUESTS = [
  "GET /getNewZone HTTP/1.0\r\n\r\n",
  "GET http://host:1/getConfig?x=%20 HTTP/1.1\r\nHost: a\r\n\r\n",
  `POST /setConfig HTTP/1.1\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`,
  `POST /setConfig HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\n{"db_\r\n3\r\nx":\r\n2\r\n1}\r\n0\r\nT: x\r\n\r\n`,
  "POST /setConfig HTTP/1.1\nContent-Length: 1048577\n\nx",
];

function read(chunks: readonly Uint8Array[]): RequestState {
  const reader = new RequestReader(needsBody);
  let state: RequestState = { kind: "incomplete" };
  for (const chunk of chunks) {
    if (state.kind === "incomplete") {
      state = reader.push(chunk);
    }
  }
  return state;
}

const STRETCH_FROM = 252;
const STRETCH_STEP = 330 * 1024;

/** The second byte may make the stream long, beyond all limits: the byte in its middle is repeated. */
function stretch(stream: Uint8Array, choice: number): Uint8Array {
  if (choice < STRETCH_FROM || stream.length === 0) {
    return stream;
  }
  const middle = stream.length >> 1;
  const filling = new Uint8Array((choice - STRETCH_FROM + 1) * STRETCH_STEP).fill(
    stream[middle] ?? 0,
  );
  return concatBytes(stream.subarray(0, middle), filling, stream.subarray(middle));
}

/** One request: the same whatever its chunks are. The first byte chooses how it is cut. */
export const HTTP_REQUEST: FuzzTarget = {
  name: "http_request",
  weight: 40,
  maximumLength: 1024,
  allocation: { largest: 4 * 1024 * 1024, total: 16 * 1024 * 1024 },
  seeds: REQUESTS.flatMap((text, index) => [
    concatBytes(Uint8Array.of(1, 0), ascii(text)),
    concatBytes(Uint8Array.of(3, STRETCH_FROM + index), ascii(text)),
  ]),
  dictionary: [
    ...["\r\n\r\n", "\n\n", "\r\n", " ", "HTTP/1.1", "/setConfig", "%2f", "%zz", "?", "http://"],
    ...[
      "Content-Length: ",
      "Transfer-Encoding: chunked\r\n",
      "0\r\n",
      "ffffffff\r\n",
      "100000\r\n",
    ],
    ...["1048576", "\0", ";x", "\t"],
  ].map(ascii),
  run(input) {
    const stream = stretch(input.subarray(2), input[1] ?? 0);
    const whole = read([stream]);
    const cut = read(cutBytes(stream, input[0] ?? 0));
    demand(Bun.deepEquals(whole, cut) || stream.length === 0, "cutting changes the request");
    if (whole.kind === "request" && whole.request.body !== null) {
      const { body } = whole.request;
      attempt(() => parseConfigChange(body), ConfigChangeError);
    }
  },
};

/** The JSON of changed settings. */
export const API_CONFIG: FuzzTarget = {
  name: "api_config",
  weight: 20,
  maximumLength: 300,
  allocation: { largest: 4096, total: 16 * 1024 },
  seeds: [
    ...[BODY, "{}", "[]", '{"db_host":1}', '{"db_port":"1"}', '{"db_port":1.5}', '{"debug":1}'],
    '{"poison_run_script_file":"\\u2028","__proto__":{"debug":1}}',
  ].map(ascii),
  dictionary: ['"db_port":', "1e400", "-0", "null", "true", '"__proto__":', "\\u0000", "1e3"].map(
    ascii,
  ),
  run(input) {
    const change = attempt(() => parseConfigChange(input), ConfigChangeError);
    if (change !== null) {
      const { db_host: host, db_port: port, debug } = change;
      demand(host === undefined || typeof host === "string", "a host that is no text");
      demand(port === undefined || Number.isSafeInteger(port), "a port that is no whole number");
      demand(debug === undefined || typeof debug === "boolean", "a switch that is neither");
    }
  },
};
