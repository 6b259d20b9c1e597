/**
 * A unix datagram socket, which the runtime does not offer, through the system's C library. Only
 * what notifying needs: datagrams to one address, never waiting, and the clock that systemd compares with.
 */

import { dlopen, FFIType, ptr } from "bun:ffi";

// <sys/socket.h>, <sys/un.h> and <time.h> of Linux on x86-64 and arm64.
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const CLOCK_MONOTONIC = 1;
/** Bytes of `sun_path`. */
const LONGEST_PATH = 108;

const LIBRARIES = ["libc.so.6", "libc.so"];
const FUNCTIONS = {
  socket: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  sendto: {
    args: [FFIType.i32, FFIType.ptr, FFIType.u64, FFIType.i32, FFIType.ptr, FFIType.u32],
    returns: FFIType.i64_fast,
  },
  clock_gettime: { args: [FFIType.i32, FFIType.ptr], returns: FFIType.i32 },
} as const;

/** One address that datagrams are sent to. */
export interface DatagramSocket {
  /** Whether the system took it. */
  send(text: string): boolean;
  /** Microseconds of CLOCK_MONOTONIC; the runtime's own clocks begin elsewhere. */
  monotonicMicroseconds(): bigint;
}

/**
 * Opens a socket for sending to a path, or to an abstract name that begins with `@`. `null` for any
 * other kind of address, and where the system has no such sockets.
 */
export function openDatagramSocket(address: string): DatagramSocket | null {
  const target = encodeAddress(address);
  if (process.platform !== "linux" || target === null) {
    return null;
  }
  const library = loadLibrary();
  const socket = library?.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) ?? -1;
  if (library === null || socket < 0) {
    return null;
  }
  return {
    send: (text) => {
      const bytes = new TextEncoder().encode(text);
      const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
      const sent = library.sendto(
        socket,
        ptr(bytes),
        bytes.length,
        flags,
        ptr(target),
        target.length,
      );
      return Number(sent) === bytes.length;
    },
    monotonicMicroseconds: () => {
      const time = new BigInt64Array(2);
      library.clock_gettime(CLOCK_MONOTONIC, ptr(time));
      const [seconds = 0n, nanoseconds = 0n] = time;
      return seconds * 1_000_000n + nanoseconds / 1_000n;
    },
  };
}

/** `struct sockaddr_un`: an abstract name begins with a zero byte, a path ends in one. */
function encodeAddress(address: string): Uint8Array | null {
  const isAbstract = address.startsWith("@");
  const name = isAbstract ? `\0${address.slice(1)}` : `${address}\0`;
  const path = new TextEncoder().encode(name);
  if ((!isAbstract && !address.startsWith("/")) || path.length > LONGEST_PATH) {
    return null;
  }
  return Uint8Array.of(AF_UNIX, 0, ...path);
}

function loadLibrary() {
  for (const library of LIBRARIES) {
    try {
      return dlopen(library, FUNCTIONS).symbols;
    } catch {
      // Another C library, or none that can be loaded: the next one, or nobody is told.
    }
  }
  return null;
}
