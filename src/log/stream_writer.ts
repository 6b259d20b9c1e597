/**
 * Log lines on a stream that may be slow, stalled or closed: nothing that happens to it may stop or
 * block the program.
 */

/** What is needed of `process.stderr`. */
export interface LogStream {
  write(text: string, done: () => void): unknown;
  on(event: "error", listener: () => void): unknown;
}

/** Lines that a reader has not taken yet, in characters; what goes beyond is dropped and counted. */
const PENDING_LIMIT = 1 << 20;

/** Writes lines until the reader is too far behind; `formatLoss` tells later how many it missed. */
export function createStreamWriter(
  stream: LogStream,
  formatLoss: (count: number) => string,
): (line: string) => void {
  let pending = 0;
  let dropped = 0;
  stream.on("error", () => {});
  const send = (text: string) => {
    pending += text.length;
    try {
      stream.write(text, () => {
        pending -= text.length;
      });
    } catch {
      pending -= text.length;
    }
  };
  return (line) => {
    if (pending + line.length > PENDING_LIMIT) {
      dropped += 1;
      return;
    }
    if (dropped > 0) {
      const loss = formatLoss(dropped);
      dropped = 0;
      send(loss);
    }
    send(line);
  };
}
