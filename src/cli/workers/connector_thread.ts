/** A further thread of `acra connector`: carries connections as the first one does, save those to the HTTP API. */

import { SharedPlaces } from "../../admission/mod.ts";
import { readValues } from "../../config/mod.ts";
import { startConnector } from "../../connector/mod.ts";
import { ProgramMetrics } from "../../metrics/mod.ts";
import { countAbandonedDialsIn } from "../../transport/mod.ts";
import type { StartQuestion, ThreadProgram } from "../../workers/mod.ts";
import { makeConnectorOptions } from "../connector_options.ts";
import { CONNECTOR_SETTINGS } from "../connector_settings.ts";
import { levelOf } from "../daemon.ts";
import { readEndpoint } from "../endpoints.ts";
import type { ThreadWorld } from "./server_thread.ts";

/** Listens, and answers what is to be asked from now on; a connector takes no other settings. */
export async function startConnectorThread(
  question: StartQuestion,
  { env, log, sums }: ThreadWorld,
): Promise<ThreadProgram> {
  const values = readValues(CONNECTOR_SETTINGS, question.values);
  const metrics = question.counted
    ? new ProgramMetrics({ service: "acraconnector", farLeg: "server", version: null })
    : null;
  const places = new SharedPlaces(question.memory.places, question.thread);
  countAbandonedDialsIn(places.abandonedDials);
  const options = log.quietly(() =>
    makeConnectorOptions({ env, log: sums }, values, question.workers),
  );
  const listen = readEndpoint("incoming_connection_string", question.listen ?? "");
  const data = { ...options.data, listen };
  const connector = await startConnector(
    { ...options, data, api: null, metrics },
    { places, portSharing: "further" },
  );
  log.level = levelOf(values);
  const { promise: finished, resolve } = Promise.withResolvers<number>();
  return {
    finished,
    prepare: () => Promise.reject(new Error("a connector takes no other settings")),
    resetKeys: () => {},
    close: () => connector.close(),
    drain: () => connector.drain(),
    stop: () => {
      connector.stop();
      resolve(1);
    },
    readMetrics: async () => (await metrics?.read()) ?? null,
  };
}
