/** Soter containers, the envelope of keys and of Secure Session messages: themis.md §2.1. */

import { ByteReader, ByteWriter } from "../bytes/mod.ts";
import { crc32c } from "./crc32c.ts";

// Specification.
const HEADER_LENGTH = 12;
const CRC_OFFSET = 8;
const ZERO_CRC = new Uint8Array(4);
const TAGS = new Map<string, Uint8Array>();

/** A container taken apart. */
export interface Container {
  /** A view of what the container holds. */
  readonly payload: Uint8Array;
  /** Length of the whole container; in the prefix form there may be more bytes behind it. */
  readonly length: number;
}

/** The rule about surplus bytes. */
export interface ContainerOptions {
  /** Ignore bytes behind the container, as Secure Session messages need; without it they are refused. */
  readonly prefix?: boolean;
}

/**
 * Reads a container with a given four-character tag.
 * @throws FormatError when it is cut, has another tag, a lying size, surplus bytes or a wrong checksum.
 */
export function decodeContainer(
  bytes: Uint8Array,
  tag: string,
  options: ContainerOptions = {},
): Container {
  const reader = new ByteReader(bytes, `${tag} container`);
  reader.expect(tagBytes(tag));
  const length = reader.u32be();
  const storedCrc = reader.u32le();
  const payload = reader.bytes(length - HEADER_LENGTH);
  if (options.prefix !== true) {
    reader.end();
  }
  if (containerCrc(bytes.subarray(0, CRC_OFFSET), payload) !== storedCrc) {
    reader.fail("wrong checksum");
  }
  return { payload, length };
}

/** The container with this four-character tag around a payload. */
export function encodeContainer(tag: string, payload: Uint8Array): Uint8Array {
  const length = HEADER_LENGTH + payload.length;
  const head = new ByteWriter(CRC_OFFSET).bytes(tagBytes(tag)).u32be(length).finish();
  return new ByteWriter(length)
    .bytes(head)
    .u32le(containerCrc(head, payload))
    .bytes(payload)
    .finish();
}

/** Over the whole container, with zeros where the checksum itself stands. */
function containerCrc(head: Uint8Array, payload: Uint8Array): number {
  return crc32c(payload, crc32c(ZERO_CRC, crc32c(head)));
}

/** Each tag as bytes is made once. */
function tagBytes(tag: string): Uint8Array {
  let bytes = TAGS.get(tag);
  if (bytes === undefined) {
    bytes = new TextEncoder().encode(tag);
    TAGS.set(tag, bytes);
  }
  return bytes;
}
