/** Tells on stderr what is being done, and after how many seconds. */

/** Says what begins now. */
export function progress(what: string): void {
  console.error(`${(performance.now() / 1000).toFixed(0).padStart(4)} s  ${what}`);
}
