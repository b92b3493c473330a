import { createDecipheriv, createECDH, hkdfSync } from 'node:crypto';

/** What a browser keeps of a subscription: never sent anywhere. */
export type SubscriptionSecrets = {
  /** 32 bytes. */
  readonly privateKey: Buffer;
  /** Uncompressed P-256 point, 65 bytes. */
  readonly publicKey: Buffer;
  /** 16 bytes. */
  readonly authSecret: Buffer;
};

export type Decryption =
  | { readonly ok: true; readonly plaintext: Buffer }
  | { readonly ok: false; readonly reason: string };

const SALT_BYTES = 16;
const POINT_BYTES = 65;
const HEADER_BYTES = SALT_BYTES + 4 + 1 + POINT_BYTES;
const TAG_BYTES = 16;
/** RFC 8188 §2.1: a record holds at least one byte of content, its delimiter and the tag. */
const MIN_RECORD_BYTES = 18;

/**
 * Opens a push message as a browser does: RFC 8291 §3 and §4 over RFC 8188. Written from the RFCs on node:crypto alone, so that it can
 * judge what any sender made.
 */
export function decryptPushMessage(body: Buffer, secrets: SubscriptionSecrets): Decryption {
  if (body.length < HEADER_BYTES + MIN_RECORD_BYTES) return refused('body shorter than header and one record');
  const salt = body.subarray(0, SALT_BYTES);
  const recordBytes = body.readUInt32BE(SALT_BYTES);
  if (recordBytes < MIN_RECORD_BYTES) return refused('record size below 18');
  if (body[SALT_BYTES + 4] !== POINT_BYTES) return refused('keyid is not an uncompressed P-256 point');
  const senderKey = body.subarray(HEADER_BYTES - POINT_BYTES, HEADER_BYTES);
  const record = body.subarray(HEADER_BYTES);
  // RFC 8291 §4: a push message is exactly one record.
  if (record.length > recordBytes) return refused('more than one record');

  const shared = sharedSecret(senderKey, secrets);
  if (!shared) return refused('sender key is not a point of P-256');
  const keyInfo = Buffer.concat([Buffer.from('WebPush: info\0'), secrets.publicKey, senderKey]);
  const inputKey = Buffer.from(hkdfSync('sha256', shared, secrets.authSecret, keyInfo, 32));
  const contentKey = Buffer.from(hkdfSync('sha256', inputKey, salt, 'Content-Encoding: aes128gcm\0', 16));
  const nonce = Buffer.from(hkdfSync('sha256', inputKey, salt, 'Content-Encoding: nonce\0', 12));

  const decipher = createDecipheriv('aes-128-gcm', contentKey, nonce, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(record.subarray(-TAG_BYTES));
  const padded = decipher.update(record.subarray(0, -TAG_BYTES));
  try {
    decipher.final();
  } catch {
    return refused('authentication tag does not match');
  }
  return unpad(padded);
}

/** RFC 8188 §2: content, then 2 for the last record, then zeros. */
function unpad(padded: Buffer): Decryption {
  let end = padded.length - 1;
  while (end >= 0 && padded[end] === 0) end -= 1;
  if (padded[end] !== 2) return refused('padding delimiter of the last record is missing');
  return { ok: true, plaintext: padded.subarray(0, end) };
}

function sharedSecret(senderKey: Buffer, secrets: SubscriptionSecrets): Buffer | undefined {
  const curve = createECDH('prime256v1');
  curve.setPrivateKey(secrets.privateKey);
  try {
    return curve.computeSecret(senderKey);
  } catch {
    return undefined;
  }
}

function refused(reason: string): Decryption {
  return { ok: false, reason };
}
