/** A CancelRequest that never becomes whole: nothing may be cancelled by it. */

import { message, RawClient, type ReceivedMessage } from "../harness/pg_peers.ts";
import { expectStrike, type Spot, type Strike } from "./case.ts";
import { named, postgresFormat, type Where } from "./cutters.ts";
import type { FaultRig } from "./fault_rig.ts";
import { connectTo, logIn } from "./tour.ts";

const CANCEL_CODE = 80_877_102;
const WORK = "SELECT pg_sleep(0.15)::text || 'done'";

export async function cutCancelRequest(
  rig: FaultRig,
  { leg, path, direction }: Spot,
  where: Where,
  strike: Strike,
): Promise<string[]> {
  const greeting: ReceivedMessage[] = [];
  const worker = await connectTo(rig.target(path));
  await logIn(worker, rig.target(path), greeting);
  worker.send(message("Q", `${WORK}\0`));
  const place = { format: postgresFormat(["cancel"]), wanted: named("cancel"), where };
  const faults = await expectStrike(
    rig.programs.relay(leg, path),
    { direction, place, strike },
    async () => {
      const canceller = await RawClient.connect(rig.target(path).port);
      canceller.send(cancelRequest(greeting));
      const answer = await canceller.untilClosed();
      return answer.length === 0 ? [] : ["a CancelRequest was answered"];
    },
  );
  const answer = await worker.until("Z").catch(() => []);
  worker.close();
  if (answer.map(({ type }) => type).join("") !== "TDCZ") {
    faults.push("a statement was cancelled by half a request");
  }
  return [...faults, ...(await rig.settle())];
}

function cancelRequest(greeting: readonly ReceivedMessage[]): Buffer {
  const key = greeting.find(({ type }) => type === "K")?.body ?? Buffer.alloc(8);
  const bytes = Buffer.alloc(8 + key.length);
  bytes.writeUInt32BE(bytes.length, 0);
  bytes.writeUInt32BE(CANCEL_CODE, 4);
  key.copy(bytes, 8);
  return bytes;
}
