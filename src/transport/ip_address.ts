/** IP addresses as bytes, for comparing and for the kernel's tables. */

import { isIPv4, isIPv6 } from "node:net";

const IPV4_LENGTH = 4;
const IPV6_GROUPS = 8;
const MAPPED_PREFIX = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff);
const LOOPBACK_NETWORK = 127;

/** 4 or 16 bytes in network order; `null` when the text is no address. A zone (`%eth0`) is ignored. */
export function parseIpAddress(text: string): Uint8Array | null {
  if (isIPv4(text)) {
    return Uint8Array.from(text.split("."), Number);
  }
  const address = text.replace(/%.*$/s, "");
  return isIPv6(address) ? parseIpv6(address) : null;
}

/** 127.0.0.0/8, ::1 and the former mapped into IPv6. */
export function isLoopback(address: Uint8Array): boolean {
  const ipv4 = unmapIpv4(address);
  if (ipv4 !== null) {
    return ipv4[0] === LOOPBACK_NETWORK;
  }
  return address.every((byte, index) => byte === (index === address.length - 1 ? 1 : 0));
}

/** The four bytes of an IPv4 address, plain or mapped into IPv6; `null` for any other. */
export function unmapIpv4(address: Uint8Array): Uint8Array | null {
  if (address.length === IPV4_LENGTH) {
    return address;
  }
  const mapped = MAPPED_PREFIX.every((byte, index) => address[index] === byte);
  return mapped ? address.slice(MAPPED_PREFIX.length) : null;
}

/** The sixteen bytes of an IPv4 address mapped into IPv6. */
export function mapIpv4(address: Uint8Array): Uint8Array {
  return Uint8Array.of(...MAPPED_PREFIX, ...address);
}

function parseIpv6(text: string): Uint8Array {
  const [head = "", tail] = splitIpv4(text).split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array<string>(IPV6_GROUPS - before.length - after.length).fill("0");
  const groups = [...before, ...zeros, ...after].map((group) => Number.parseInt(group, 16));
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}

/** `::ffff:127.0.0.1` ends in an IPv4 address: two groups in hexadecimal instead. */
function splitIpv4(text: string): string {
  return text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) => {
    const [high, low] = [
      [a, b],
      [c, d],
    ].map(([first, second]) => (Number(first) * 256 + Number(second)).toString(16));
    return `${high}:${low}`;
  });
}
