/** Asks the kernel who connected to a unix socket: SO_PEERCRED, through the system's C library. */

import { dlopen, FFIType, ptr } from "bun:ffi";

// <sys/socket.h> of Linux on x86-64 and arm64.
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
/** struct ucred: pid, uid, gid, four bytes each. */
const CREDENTIALS_WORDS = 3;
const UID_WORD = 1;
const LIBRARIES = ["libc.so.6", "libc.so"];

type GetSocketOption = (
  fd: number,
  level: number,
  name: number,
  value: number,
  length: number,
) => number;

let known: GetSocketOption | null | undefined;

/** The uid of the process that connected, or `null` where the system does not tell. */
export function readPeerUid(fd: number): number | null {
  if (known === undefined) {
    known = process.platform === "linux" ? loadGetSocketOption() : null;
  }
  if (known === null) {
    return null;
  }
  const credentials = new Uint32Array(CREDENTIALS_WORDS);
  const length = Uint32Array.of(credentials.byteLength);
  const status = known(fd, SOL_SOCKET, SO_PEERCRED, ptr(credentials), ptr(length));
  const complete = status === 0 && length[0] === credentials.byteLength;
  return complete ? (credentials[UID_WORD] ?? null) : null;
}

function loadGetSocketOption(): GetSocketOption | null {
  for (const library of LIBRARIES) {
    try {
      const { symbols } = dlopen(library, {
        getsockopt: {
          args: [FFIType.i32, FFIType.i32, FFIType.i32, FFIType.ptr, FFIType.ptr],
          returns: FFIType.i32,
        },
      });
      return (fd, level, name, value, length) =>
        symbols.getsockopt(fd, level, name, value as never, length as never);
    } catch {
      // Another C library, or none that can be loaded: the next one, or no answer.
    }
  }
  return null;
}
