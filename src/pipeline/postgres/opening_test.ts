/** TLS in the opening of a session: every policy, both legs, and what is refused. */

import { describe, expect, test } from "bun:test";
import { AUTHENTICATION_OK, message, startupMessage } from "../../../test/harness/pg_peers.ts";
import { SessionRig } from "../../../test/harness/session_rig.ts";
import type { Action, SecuredLeg } from "../session.ts";
import type { TlsPolicy } from "./opening.ts";

const SSL_REQUEST = Buffer.from("0000000804d2162f", "hex");
const GSSENC_REQUEST = Buffer.from("0000000804d21630", "hex");
const CANCEL = Buffer.from("0000001004d2162e0000000100000002", "hex");
const CLIENT_HELLO = Buffer.from("1603010005010000010303", "hex");
const STARTUP = startupMessage({ user: "test" });
const [YES, NO] = [Buffer.from("S"), Buffer.from("N")];
const OURS: SecuredLeg = { ownCertificate: Buffer.from("ours"), peerCertificate: null };
const THEIRS: SecuredLeg = { ownCertificate: null, peerCertificate: Buffer.from("theirs") };
const SAME: SecuredLeg = { ownCertificate: null, peerCertificate: Buffer.from("ours") };

function rigWith(tls: Partial<TlsPolicy>): SessionRig {
  return new SessionRig({ tls: { client: "allowed", database: "mirror", ...tls } });
}

/** What the session did, in short: `>S` sent to the client, `<8` bytes to the database, `tls client`. */
function story(rig: SessionRig): string[] {
  return rig.actions.map(tell);
}

function tell(action: Action): string {
  switch (action.kind) {
    case "send": {
      const bytes = Buffer.concat(action.buffers);
      return action.to === "client" ? `>${bytes.toString("latin1")[0]}` : `<${bytes.length}`;
    }
    case "start-tls":
      return `tls ${action.side}${action.direct ? " direct" : ""}`;
    case "alarm":
    case "close":
      return action.kind;
  }
}

function sqlState(rig: SessionRig): string | undefined {
  return /C([0-9A-Z]{5})\0/.exec(rig.received("client").toString("latin1"))?.[1];
}

describe("A session that mirrors the client", () => {
  test("asks the database for TLS and starts it on both legs at its yes", () => {
    const rig = rigWith({}).client(SSL_REQUEST);
    expect(story(rig)).toEqual(["<8"]);
    rig.database(YES);
    expect(story(rig)).toEqual(["<8", ">S", "tls client", "tls database"]);
    expect(rig.session.idle).toBe(false);
    rig.take(rig.session.secured("client", OURS)).client(STARTUP);
    expect(rig.received("database")).toEqual(SSL_REQUEST);
    rig.take(rig.session.secured("database", SAME));
    expect(rig.received("database")).toEqual(Buffer.concat([SSL_REQUEST, STARTUP]));
    expect(rig.session.phase).toBe("authentication");
  });

  test("passes the database's no on and goes on in plaintext", () => {
    const rig = rigWith({}).client(SSL_REQUEST).database(NO).client(STARTUP);
    expect(story(rig)).toEqual(["<8", ">N", `<${STARTUP.length}`]);
  });

  test("begins TLS on both legs for a client that does not ask", () => {
    const rig = rigWith({}).client(CLIENT_HELLO);
    expect(story(rig)).toEqual(["tls client direct", "<8"]);
    expect(rig.actions[0]).toMatchObject({ head: new Uint8Array(CLIENT_HELLO) });
    rig.database(YES);
    expect(story(rig).at(-1)).toBe("tls database");
  });

  test("tells such a client when the database has no TLS, once it can hear it", () => {
    const rig = rigWith({}).client(CLIENT_HELLO).database(NO);
    expect(rig.closed).toBeNull();
    rig.take(rig.session.secured("client", OURS)).client(STARTUP);
    expect(sqlState(rig)).toBe("08006");
    expect(rig.closed).toContain("does not offer TLS");
  });

  test("speaks plaintext with both for a client that does not ask", () => {
    const rig = rigWith({}).client(STARTUP).database(AUTHENTICATION_OK);
    expect(story(rig)).toEqual([`<${STARTUP.length}`, ">R"]);
  });

  test("lets a client that asked hear inside TLS that there is no database", () => {
    const rig = rigWith({}).client(SSL_REQUEST);
    rig.take(rig.session.fail("database-unreachable"));
    expect(story(rig)).toEqual(["<8", ">S", "tls client"]);
    rig.take(rig.session.secured("client", OURS)).client(STARTUP);
    expect(sqlState(rig)).toBe("08006");
  });
});

describe("A session with policies of its own", () => {
  test("answers the client itself and keeps the database in plaintext", () => {
    const rig = rigWith({ database: "never" }).client(SSL_REQUEST);
    expect(story(rig)).toEqual([">S", "tls client"]);
    rig.take(rig.session.secured("client", OURS)).client(STARTUP);
    expect(rig.received("database")).toEqual(STARTUP);
  });

  test("begins TLS with the database for a client in plaintext", () => {
    const rig = rigWith({ client: "unavailable", database: "always" }).client(STARTUP);
    expect(story(rig)).toEqual(["<8"]);
    rig.database(YES);
    expect(story(rig)).toEqual(["<8", "tls database"]);
    rig.take(rig.session.secured("database", THEIRS));
    expect(rig.received("database")).toEqual(Buffer.concat([SSL_REQUEST, STARTUP]));
  });

  test("begins it without asking where the settings say so", () => {
    const rig = rigWith({ database: "direct" }).client(STARTUP);
    expect(story(rig)).toEqual(["tls database direct"]);
  });

  test("never sends a StartupMessage in plaintext to a database that has to have TLS", () => {
    const rig = rigWith({ database: "always" }).client(STARTUP).database(NO);
    expect(rig.received("database")).toEqual(SSL_REQUEST);
    expect(sqlState(rig)).toBe("08006");
    const failed = rigWith({ database: "always" }).client(STARTUP).database(YES);
    failed.take(failed.session.securingFailed("database"));
    expect(failed.received("database")).toEqual(SSL_REQUEST);
    expect(sqlState(failed)).toBe("08006");
  });

  test("carries a cancel request over TLS too", () => {
    const rig = rigWith({ database: "always" }).client(CANCEL).database(YES);
    rig.take(rig.session.secured("database", THEIRS));
    expect(rig.received("database")).toEqual(Buffer.concat([SSL_REQUEST, CANCEL]));
    expect(rig.session.phase).toBe("cancel");
  });

  test("refuses plaintext where TLS is required, in the words of the protocol", () => {
    const rig = rigWith({ client: "required" }).client(STARTUP);
    expect(sqlState(rig)).toBe("28000");
    expect(rig.received("database").length).toBe(0);
    const cancel = rigWith({ client: "required" }).client(CANCEL);
    expect(story(cancel)).toEqual(["close"]);
  });

  test("says no without a certificate, and tells the log", () => {
    const rig = rigWith({ client: "unavailable" }).client(SSL_REQUEST, STARTUP);
    expect(story(rig)).toEqual([">N", `<${STARTUP.length}`]);
    expect(rig.events.tlsUnavailable).toBe(1);
    expect(story(rigWith({ client: "unavailable" }).client(CLIENT_HELLO))).toEqual(["close"]);
  });
});

describe("A session refuses", () => {
  test("bytes behind a request for TLS that is granted", () => {
    const rig = rigWith({})
      .client(Buffer.concat([SSL_REQUEST, STARTUP]))
      .database(YES);
    expect(rig.closed).toContain("unencrypted data after its request for TLS");
    expect(story(rig)).not.toContain("tls client");
    const own = rigWith({ database: "never" }).client(Buffer.concat([SSL_REQUEST, CLIENT_HELLO]));
    expect(own.closed).toContain("unencrypted data after its request for TLS");
  });

  test.each([
    ["more than the answer", Buffer.from("SE")],
    ["an error in its place", message("E", "SFATAL\0\0")],
    ["another letter", Buffer.from("X")],
  ])("from the database %s", (_, bytes) => {
    const rig = rigWith({}).client(SSL_REQUEST).database(bytes);
    expect(rig.closed).toContain("did not answer the request for TLS");
    expect(story(rig)).not.toContain("tls client");
  });

  test("a second request, and one inside TLS", () => {
    for (const request of [SSL_REQUEST, GSSENC_REQUEST]) {
      const rig = rigWith({ client: "unavailable" }).client(request, request);
      expect(sqlState(rig)).toBe("0A000");
      const inside = rigWith({ database: "never" }).client(SSL_REQUEST);
      inside.take(inside.session.secured("client", OURS)).client(request);
      expect(sqlState(inside)).toBe("0A000");
    }
  });

  test("what the database says while a handshake with the client runs", () => {
    const rig = rigWith({ database: "never" }).client(SSL_REQUEST).database(AUTHENTICATION_OK);
    expect(story(rig)).toEqual([">S", "tls client"]);
    rig.take(rig.session.secured("client", OURS)).client(STARTUP);
    expect(sqlState(rig)).toBe("08P01");
    expect(rig.received("database").length).toBe(0);
  });
});

describe("A login with channel binding", () => {
  const OFFER = message("R", "\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0");
  const PLAIN_OFFER = message("R", "\0\0\0\x0aSCRAM-SHA-256\0\0");
  const choice = (mechanism: string) => message("p", `${mechanism}\0\0\0\0\x03n,,`);

  function login(client: SecuredLeg | null, database: SecuredLeg): SessionRig {
    const rig = rigWith({ database: "always" });
    if (client !== null) {
      rig.client(SSL_REQUEST);
      rig.take(rig.session.secured("client", client));
    }
    rig.client(STARTUP).database(YES);
    rig.take(rig.session.secured("database", database));
    rig.forget();
    return rig;
  }

  test("is not offered to a client without TLS, however the offer is cut", () => {
    for (let cut = 0; cut <= OFFER.length; cut++) {
      const rig = login(null, THEIRS);
      rig.database(OFFER.subarray(0, cut), OFFER.subarray(cut), AUTHENTICATION_OK);
      expect(rig.received("client")).toEqual(Buffer.concat([PLAIN_OFFER, AUTHENTICATION_OK]));
    }
  });

  test("is untouched where both see one certificate", () => {
    const rig = login(OURS, SAME).database(OFFER).client(choice("SCRAM-SHA-256-PLUS"));
    expect(rig.received("client")).toEqual(OFFER);
    expect(rig.received("database")).toEqual(choice("SCRAM-SHA-256-PLUS"));
    expect(rig.events.channelBindingImpossible).toBe(0);
  });

  test("is refused with an explanation where they see different ones", () => {
    const chosen = choice("SCRAM-SHA-256-PLUS");
    for (let cut = 0; cut < chosen.length; cut++) {
      const rig = login(OURS, THEIRS).database(OFFER);
      rig.client(chosen.subarray(0, cut), chosen.subarray(cut));
      expect(rig.received("database").length).toBe(0);
      expect(sqlState(rig)).toBe("28000");
      expect(rig.received("client").toString("latin1")).toContain("channel_binding=disable");
      expect(rig.events.channelBindingImpossible).toBe(2);
    }
  });

  test("goes on there for a client that does not bind", () => {
    const rig = login(OURS, THEIRS).database(OFFER).client(choice("SCRAM-SHA-256"));
    expect(rig.received("database")).toEqual(choice("SCRAM-SHA-256"));
    rig.client(message("p", "second"));
    expect(rig.received("database").subarray(-11)).toEqual(message("p", "second"));
  });

  test("is of no interest where the database asks for another kind of login", () => {
    for (const first of [
      AUTHENTICATION_OK,
      message("R", "\0\0\0\x05salt"),
      message("E", "x\0\0"),
    ]) {
      const rig = login(null, THEIRS).database(first, OFFER);
      expect(rig.received("client")).toEqual(Buffer.concat([first, OFFER]));
    }
  });

  test("passes a message that is too long for a login as it comes", () => {
    const long = message("R", Buffer.alloc(20_000, 1));
    const rig = login(null, THEIRS).database(long.subarray(0, 9), long.subarray(9));
    expect(rig.received("client")).toEqual(long);
  });
});
