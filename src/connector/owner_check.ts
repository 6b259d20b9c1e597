/**
 * The connector serves no application that runs as the connector's own user: whoever may read the
 * memory or the keys of the one would be the other (acra-formats.md §5.2, acra-cli.md §15 B-11).
 */

import { findSocketOwner, type PeerInfo } from "../transport/mod.ts";

/** Whether the peer may be served: another user's, or one whose owner the system does not tell. */
export async function isOtherUser(peer: PeerInfo): Promise<boolean> {
  const owner = await findSocketOwner(peer);
  return owner === null || owner !== process.getuid?.();
}
