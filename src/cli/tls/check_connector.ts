/** `acra tls check-connector`: the leg of the connector to its server, with its settings. */

import { ConfigError, type SettingValues } from "../../config/mod.ts";
import { tryLeg } from "../../tls_check/mod.ts";
import { formatEndpoint } from "../../transport/mod.ts";
import { type CommandContext, defineCommand } from "../command.ts";
import { chooseServer, chooseTransport } from "../connector_options.ts";
import { CONNECTOR_SETTINGS } from "../connector_settings.ts";
import { describeLeg, formatReport, type HintNames } from "./report.ts";

/** The settings to change for the leg to the server. */
export const SERVER_NAMES: HintNames = {
  peer: "the server",
  name: "--tls_acraserver_sni",
  ca: "--tls_ca",
  identity: "--tls_cert and --tls_key",
  address: "--acraserver_connection_host and --acraserver_connection_port",
  noTls: "start the server with --acraconnector_tls_transport_enable",
};

export const tlsCheckConnectorCommand = defineCommand({
  name: "tls check-connector",
  service: "acra-connector",
  kind: "tool",
  logLevel: "warning",
  about:
    "Tries TLS with the settings of the connector: with the server, which has to run. Says which side refuses " +
    "and why, and what to change. Exits with 1 when it fails.",
  examples: [
    {
      about: "Check the settings of a file",
      line: "acra tls check-connector --config_file=configs/acra-connector.yaml",
    },
  ],
  settings: CONNECTOR_SETTINGS,
  run: check,
});

async function check(
  context: CommandContext,
  values: SettingValues<typeof CONNECTOR_SETTINGS>,
): Promise<number> {
  const server = chooseServer(values);
  const transport = chooseTransport(values, server, server);
  if (transport.kind !== "tls") {
    throw new ConfigError(
      "these settings do not speak TLS with the server",
      "set --acraserver_tls_transport_enable",
    );
  }
  const result = await tryLeg(server, transport.data, "at-once");
  const report = describeLeg(
    `server ${formatEndpoint(server)}`,
    result,
    transport.data,
    SERVER_NAMES,
  );
  context.stdout.write(formatReport(report));
  return report.ok ? 0 : 1;
}
