const TIME = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });

/** Local time of day, `12:03:11`. */
export function formatTime(atMs: number): string {
  return TIME.format(atMs);
}

/** How long something took or takes: `8 ms`, `1.2 s`, `4 min`, `2 h`. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 120_000) return `${Math.round(ms / 1_000)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.round(ms / 3_600_000)} h`;
}

/** Whole seconds that are left, `4 s`; never less than nothing. */
export function formatRemaining(ms: number): string {
  return ms >= 120_000 ? formatDuration(ms) : `${Math.max(0, Math.ceil(ms / 1_000))} s`;
}

const CHANNEL_NAMES: Readonly<Record<string, string>> = {
  realtime: 'Realtime',
  webpush: 'Web Push',
  fcm: 'FCM',
};

export function channelName(channel: string): string {
  return CHANNEL_NAMES[channel] ?? channel;
}

/** A count with its noun: `1 device`, `2 devices`. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
