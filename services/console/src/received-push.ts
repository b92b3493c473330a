/** What a simulated device received, as the page shows it. */
export type ReceivedPush = {
  /** Milliseconds since the Unix epoch. */
  readonly atMs: number;
  readonly id: string;
  readonly title: string;
  readonly body: string;
  /** What came with it: time to live, urgency, size, protocol. */
  readonly facts: readonly string[];
};

type WebPushReceived = {
  readonly atMs: number;
  readonly payload: string;
  readonly ttlSeconds?: number;
  readonly urgency?: string;
  readonly topic?: string;
  readonly bodyBytes?: number;
  readonly httpVersion?: string;
};

type FcmReceived = {
  readonly atMs: number;
  readonly message: Readonly<Record<string, unknown>>;
  readonly httpVersion?: string;
};

/** Reads a message from `GET received` of the simulator's control API. */
export function readReceived(item: unknown): ReceivedPush {
  return typeof item === 'object' && item !== null && 'payload' in item
    ? readWebPush(item as WebPushReceived)
    : readFcm(item as FcmReceived);
}

function readWebPush(received: WebPushReceived): ReceivedPush {
  const payload = parseObject(received.payload);
  return {
    atMs: received.atMs,
    id: text(payload.id),
    title: text(payload.title),
    body: text(payload.body),
    facts: [
      ...(received.ttlSeconds === undefined ? [] : [`TTL ${received.ttlSeconds} s`]),
      ...(received.urgency === undefined ? [] : [`urgency ${received.urgency}`]),
      ...(received.topic === undefined ? [] : ['topic']),
      ...(received.bodyBytes === undefined ? [] : [`${received.bodyBytes} bytes`]),
      ...protocol(received.httpVersion),
    ],
  };
}

function readFcm({ atMs, message, httpVersion }: FcmReceived): ReceivedPush {
  const notification = asObject(message.notification);
  const data = asObject(message.data);
  const android = asObject(message.android);
  return {
    atMs,
    id: text(data.belfry_id),
    title: text(notification.title),
    body: text(notification.body),
    facts: [
      ...(typeof android.ttl === 'string' ? [`TTL ${android.ttl.replace(/s$/, ' s')}`] : []),
      ...(typeof android.priority === 'string' ? [`priority ${android.priority.toLowerCase()}`] : []),
      ...protocol(httpVersion),
    ],
  };
}

function protocol(version: string | undefined): readonly string[] {
  return version === undefined ? [] : [`HTTP/${version}`];
}

function parseObject(json: string): Readonly<Record<string, unknown>> {
  try {
    return asObject(JSON.parse(json));
  } catch {
    return {};
  }
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
