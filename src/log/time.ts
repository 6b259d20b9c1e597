/** Time as the log writes it. */

let lastSecond = Number.NaN;
let lastText = "";

/** RFC 3339 with seconds in the local zone: `2018-08-30T12:00:00Z`, `2018-08-30T15:00:00+03:00`. */
export function formatTime(milliseconds: number): string {
  const second = Math.floor(milliseconds / 1000);
  if (second !== lastSecond) {
    lastSecond = second;
    lastText = formatLocal(second * 1000);
  }
  return lastText;
}

function formatLocal(milliseconds: number): string {
  const offset = -new Date(milliseconds).getTimezoneOffset();
  const local = new Date(milliseconds + offset * 60_000).toISOString().slice(0, 19);
  if (offset === 0) {
    return `${local}Z`;
  }
  const minutes = Math.abs(offset);
  return `${local}${offset < 0 ? "-" : "+"}${twoDigits(Math.floor(minutes / 60))}:${twoDigits(minutes % 60)}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}

/** Seconds with exactly three decimals, as the field `unixTime`. */
export function formatUnixTime(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(3);
}
