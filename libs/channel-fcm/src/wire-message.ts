import type { TokenMessage } from 'firebase-admin/messaging';

/**
 * The message as HTTP v1 takes it: firebase-admin's camel case becomes snake case, its milliseconds to live a protobuf duration ("3600s")
 * (firebase.google.com/docs/reference/fcm/rest/v1/projects.messages). Only the fields that `buildMessage` sets.
 */
export function toWireMessage({ token, notification, data, android, apns, webpush }: TokenMessage): object {
  const { imageUrl, ...texts } = notification ?? {};
  const { ttl = 0, collapseKey, ...otherAndroid } = android ?? {};
  const { fcmOptions, ...otherWebpush } = webpush ?? {};
  // JSON leaves out what is undefined.
  return {
    token,
    notification: { ...texts, image: imageUrl },
    data,
    android: { ...otherAndroid, ttl: `${Math.floor(ttl / 1000)}s`, collapse_key: collapseKey },
    apns,
    webpush: { ...otherWebpush, fcm_options: fcmOptions },
  };
}
