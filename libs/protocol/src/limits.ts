/** Limits that clients can rely on. Breaking one is a 4xx that names the field and the limit. */
export const LIMITS = {
  /** JSON of one notification, in bytes. */
  notificationBytes: 16_384,
  /** How deep arrays and objects may lie in each other. */
  nesting: 64,
  usersPerRequest: 1_000,
  batchItems: 1_000,
  /** Body of a batch request, in bytes. */
  batchBytes: 16 * 1_048_576,
  bodyBytes: 262_144,
  idLength: 128,
  userLength: 128,
  topicLength: 128,
  typeLength: 64,
  titleLength: 256,
  bodyLength: 4_096,
  urlLength: 2_048,
  collapseKeyLength: 64,
  /** 28 days: the longest that FCM and the Web Push services keep a message. */
  ttlSecondsMax: 2_419_200,
  ttlSecondsDefault: 4 * 24 * 60 * 60,
  pageItems: 200,
  ackIds: 1_000,
  /** One frame from a client, in bytes. */
  frameBytes: 65_536,
} as const;
