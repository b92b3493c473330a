/** RFC 9110 §5.6.7: the preferred form and the two obsolete ones that a recipient must still read. */
const IMF_FIXDATE = /^[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/;
const RFC_850 = /^[A-Z][a-z]+, (\d{2})-([A-Z][a-z]{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2}) GMT$/;
const ASCTIME = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ \d]\d) (\d{2}):(\d{2}):(\d{2}) (\d{4})$/;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** RFC 9111 §1.2.2: a number of seconds too large to hold means this many. */
const MAX_SECONDS = 2 ** 31;

/**
 * Milliseconds that a Retry-After header (RFC 9110 §10.2.3) asks to wait; undefined when there is none, when it is unreadable, and when it is
 * zero or past, so that our own backoff holds instead of none. An HTTP date is taken against the answer's own Date header where there is one: a
 * difference between the clocks must not make the wait shorter.
 */
export function parseRetryAfter(
  retryAfter: string | undefined,
  date: string | undefined,
  nowMs: number,
): number | undefined {
  const value = retryAfter?.trim() ?? '';
  const waitMs = /^\d+$/.test(value) ? Math.min(Number(value), MAX_SECONDS) * 1000 : untilDate(value, date, nowMs);
  return waitMs !== undefined && waitMs > 0 ? waitMs : undefined;
}

function untilDate(value: string, date: string | undefined, nowMs: number): number | undefined {
  const untilMs = parseHttpDate(value, nowMs);
  return untilMs === undefined ? undefined : untilMs - (parseHttpDate(date?.trim() ?? '', nowMs) ?? nowMs);
}

/** Milliseconds since the epoch; undefined for anything but an HTTP date. `nowMs` decides the century of a two-digit year. */
export function parseHttpDate(value: string, nowMs: number): number | undefined {
  let match = IMF_FIXDATE.exec(value);
  if (match) return utc(match[3], match[2], match[1], match.slice(4));
  match = RFC_850.exec(value);
  if (match) return utc(String(fullYear(Number(match[3]), nowMs)), match[2], match[1], match.slice(4));
  match = ASCTIME.exec(value);
  return match ? utc(match[6], match[1], match[2], match.slice(3, 6)) : undefined;
}

/** RFC 9110 §5.6.7: more than 50 years ahead means the same digits in the past century. */
function fullYear(twoDigits: number, nowMs: number): number {
  const thisYear = new Date(nowMs).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + twoDigits;
  return year > thisYear + 50 ? year - 100 : year;
}

function utc(
  year: string | undefined,
  month: string | undefined,
  day: string | undefined,
  time: readonly string[],
): number | undefined {
  const monthIndex = MONTHS.indexOf(month ?? '');
  const [hour = NaN, minute = NaN, second = NaN] = time.map(Number);
  if (monthIndex < 0 || hour > 23 || minute > 59 || second > 60) return undefined;
  const ms = Date.UTC(Number(year), monthIndex, Number(day), hour, minute, second);
  return Number.isNaN(ms) ? undefined : ms;
}
