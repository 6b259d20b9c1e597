/** TLS over another connection: handshake first, then a {@link Connection} of plain bytes. */

import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { connect, TLSSocket } from "node:tls";
import { ByteQueue } from "../../bytes/mod.ts";
import type { Connection, ConnectionHandler } from "../connection.ts";
import { TlsBridge } from "./tls_bridge.ts";
import { TlsError, toTlsError } from "./tls_error.ts";
import type { TlsClientSetup, TlsServerSetup } from "./tls_setup.ts";

/** Plain bytes given to TLS at a time; the next ones follow when these are on their way. */
const CHUNK_BYTES = 64 * 1024;
/** Encrypted bytes waiting in the connection beneath before encrypting stops. */
const ENCRYPTED_LIMIT_BYTES = 256 * 1024;

/** How long a refused peer gets to read why, in ms. */
const ALERT_MS = 1_000;

/** Which side of the handshake we are. */
export type TlsRole =
  | { readonly kind: "server"; readonly setup: TlsServerSetup; readonly alpn: readonly string[] }
  | { readonly kind: "client"; readonly setup: TlsClientSetup; readonly alpn: readonly string[] };

/** What is known of the peer when the handshake is over. */
export interface TlsHandshake {
  readonly certificate: X509Certificate | null;
  /** Whether its authority is trusted and its dates are right. */
  readonly trusted: boolean;
  /** What speaks against it. */
  readonly complaint: TlsError | null;
  /** The application protocol agreed upon, or an empty string. */
  readonly alpn: string;
  /** As in `TLSv1.3`. */
  readonly version: string;
  readonly cipher: string;
}

export class TlsConnection implements Connection {
  readonly peer: string;
  readonly #base: Connection;
  readonly #bridge: TlsBridge;
  readonly #tls: TLSSocket;
  readonly #ready = Promise.withResolvers<TlsHandshake>();
  /** Plain bytes that TLS has not been given yet. */
  readonly #unsent = new ByteQueue();
  /** Plain bytes that came while nobody could take them. */
  #held: Uint8Array[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;
  #handshaking = true;
  #handler: ConnectionHandler | null = null;
  #paused = true;
  #deliveryDue = false;
  #writing = false;
  #finishing = false;
  #peerEnded = false;
  #endReported = false;
  #closed: { readonly error: Error | null } | null = null;
  #closeReported = false;

  constructor(base: Connection, role: TlsRole) {
    this.peer = base.peer;
    this.#base = base;
    this.#bridge = new TlsBridge(base);
    this.#tls = createSocket(this.#bridge, role);
    this.#tls.on(role.kind === "server" ? "secure" : "secureConnect", () => this.#secured());
    this.#tls.on("data", (bytes: Uint8Array) => this.#decrypted(bytes));
    this.#tls.on("end", () => this.#ended());
    this.#tls.on("error", (error: unknown) => this.#fail(toTlsError(error)));
    this.#tls.on("close", () => this.#tlsClosed());
  }

  /**
   * Runs the handshake; `head` came from the peer already.
   * @throws TlsError when it fails; the connection beneath is closed then.
   */
  handshake(head: Uint8Array, timeoutMs: number): Promise<TlsHandshake> {
    this.#timer = setTimeout(() => this.#fail(new TlsError("timeout")), timeoutMs);
    if (head.length > 0) {
      this.#bridge.feed(head);
    }
    this.#base.start({
      data: (bytes) => this.#bridge.feed(bytes),
      drained: () => this.#send(),
      ended: () => this.#bridge.feedEnd(),
      closed: (error) => this.#baseClosed(error),
    });
    return this.#ready.promise;
  }

  get queuedBytes(): number {
    return this.#unsent.length + this.#base.queuedBytes;
  }

  start(handler: ConnectionHandler): void {
    if (this.#handler !== null) {
      throw new TypeError("A connection is started once");
    }
    this.#handler = handler;
    this.resume();
  }

  write(bytes: Uint8Array): void {
    if (this.#closed === null && !this.#finishing && bytes.length > 0) {
      this.#unsent.push(bytes);
      this.#send();
    }
  }

  pause(): void {
    this.#paused = true;
    this.#base.pause();
  }

  resume(): void {
    if (this.#paused && this.#handler !== null) {
      this.#paused = false;
      this.#base.resume();
      this.#deliverSoon();
    }
  }

  end(): void {
    if (!this.#finishing) {
      this.#finishing = true;
      this.#send();
    }
  }

  abort(): void {
    this.#cut(null);
  }

  #secured(): void {
    if (!this.#handshaking) {
      return;
    }
    this.#base.pause();
    this.#endHandshake();
    this.#ready.resolve(describePeer(this.#tls));
  }

  #endHandshake(): void {
    this.#handshaking = false;
    if (this.#timer !== null) {
      clearTimeout(this.#timer);
    }
  }

  #fail(error: TlsError): void {
    if (!this.#handshaking) {
      this.#cut(error);
      return;
    }
    this.#endHandshake();
    this.#refuse(error);
    this.#ready.reject(error);
  }

  /** Closes behind the alert that tells the peer why: a reset would take it back. */
  #refuse(error: TlsError): void {
    this.#close(error);
    if (error.reason === "timeout" || error.reason === "closed") {
      this.#cut(error);
      return;
    }
    // TLS writes its alert when this event is over.
    setImmediate(() => {
      this.#bridge.detach();
      this.#tls.destroy();
      this.#base.end();
    });
    setTimeout(() => this.#base.abort(), ALERT_MS);
  }

  #decrypted(bytes: Uint8Array): void {
    if (this.#closed !== null) {
      return;
    }
    if (this.#paused || this.#held.length > 0 || this.#handler === null) {
      this.#held.push(bytes);
    } else {
      this.#handler.data(bytes);
    }
  }

  /** Gives TLS one piece of what is queued, when it is done with the last and the way is free. */
  #send(): void {
    if (this.#writing || this.#closed !== null || this.#handshaking) {
      return;
    }
    if (this.#base.queuedBytes >= ENCRYPTED_LIMIT_BYTES) {
      return;
    }
    const bytes = this.#unsent.take(Math.min(this.#unsent.length, CHUNK_BYTES));
    if (bytes === null || bytes.length === 0) {
      this.#finishOrReport();
      return;
    }
    this.#writing = true;
    this.#tls.write(bytes, () => {
      this.#writing = false;
      this.#send();
    });
  }

  #finishOrReport(): void {
    if (this.#finishing) {
      this.#tls.end();
    } else if (this.queuedBytes === 0) {
      this.#handler?.drained();
    }
  }

  #ended(): void {
    if (this.#handshaking) {
      this.#fail(new TlsError("closed"));
      return;
    }
    if (this.#closed === null) {
      this.#peerEnded = true;
      this.#deliverSoon();
    }
  }

  /** TLS has no half-closed connections: once both its ends are said, the one beneath goes too. */
  #tlsClosed(): void {
    if (this.#handshaking) {
      this.#fail(new TlsError("closed"));
    } else if (this.#closed === null) {
      this.#peerEnded = true;
      this.#base.end();
      this.#deliverSoon();
    }
  }

  #baseClosed(error: Error | null): void {
    if (this.#handshaking) {
      this.#fail(new TlsError("closed", "", { cause: error }));
      return;
    }
    this.#close(error);
    this.#tls.destroy();
    this.#deliverSoon();
  }

  #cut(error: Error | null): void {
    this.#held = [];
    this.#peerEnded = false;
    this.#close(error);
    this.#bridge.detach();
    this.#tls.destroy();
    this.#base.abort();
    this.#deliverSoon();
  }

  #close(error: Error | null): void {
    this.#closed ??= { error };
    this.#unsent.clear();
    if (this.#timer !== null) {
      clearTimeout(this.#timer);
    }
  }

  /** Tells the handler what was held back, never from within one of its own calls. */
  #deliverSoon(): void {
    if (!this.#deliveryDue) {
      this.#deliveryDue = true;
      queueMicrotask(() => {
        this.#deliveryDue = false;
        this.#deliver();
      });
    }
  }

  #deliver(): void {
    const handler = this.#handler;
    if (handler === null) {
      return;
    }
    while (!this.#paused && this.#held.length > 0) {
      const bytes = this.#held.shift();
      if (bytes !== undefined) {
        handler.data(bytes);
      }
    }
    if (this.#paused && this.#peerEnded && this.#closed?.error === null) {
      return;
    }
    if (this.#peerEnded && !this.#paused && !this.#endReported) {
      this.#endReported = true;
      handler.ended();
    }
    if (this.#closed !== null && !this.#closeReported) {
      this.#closeReported = true;
      handler.closed(this.#closed.error);
    }
  }
}

function createSocket(bridge: TlsBridge, role: TlsRole): TLSSocket {
  const { setup, alpn } = role;
  const common = {
    secureContext: setup.context,
    ...(alpn.length === 0 ? {} : { ALPNProtocols: [...alpn] }),
  };
  if (role.kind === "client") {
    const { serverName } = role.setup;
    // The verdict is ours: the runtime would close before we could say why.
    return connect({
      ...common,
      socket: bridge,
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
      // Addresses stand in no SNI.
      ...(serverName === "" || isIP(serverName) !== 0 ? {} : { servername: serverName }),
    });
  }
  const policy = role.setup.clientCertificates;
  return new TLSSocket(bridge, {
    ...common,
    isServer: true,
    requestCert: policy !== "none",
    rejectUnauthorized: policy === "require-and-verify",
  });
}

function describePeer(tls: TLSSocket): TlsHandshake {
  const raw: unknown = tls.getPeerCertificate()?.raw;
  const certificate = raw instanceof Uint8Array ? new X509Certificate(raw) : null;
  const complaint: unknown = tls.authorizationError;
  return {
    certificate,
    trusted: certificate !== null && tls.authorized,
    complaint: complaint ? toTlsError(new Error(String(complaint))) : null,
    alpn: tls.alpnProtocol || "",
    version: tls.getProtocol() ?? "",
    cipher: tls.getCipher()?.name ?? "",
  };
}
