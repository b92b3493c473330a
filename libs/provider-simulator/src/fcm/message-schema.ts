/** Shape of one field of an HTTP v1 message, by protobuf's JSON mapping. */
export type Shape =
  | 'string'
  | 'boolean'
  | 'integer'
  | 'number'
  | 'duration'
  | 'timestamp'
  /** Map of string to string. */
  | 'string-map'
  /** google.protobuf.Struct: any JSON object. */
  | 'object'
  | { readonly list: Shape }
  | { readonly oneOf: readonly string[] }
  | { readonly fields: Readonly<Record<string, Shape>> };

const fcmOptions: Shape = { fields: { analytics_label: 'string' } };
const color: Shape = { fields: { red: 'number', green: 'number', blue: 'number', alpha: 'number' } };

const androidNotification: Shape = {
  fields: {
    title: 'string',
    body: 'string',
    icon: 'string',
    color: 'string',
    sound: 'string',
    tag: 'string',
    click_action: 'string',
    body_loc_key: 'string',
    body_loc_args: { list: 'string' },
    title_loc_key: 'string',
    title_loc_args: { list: 'string' },
    channel_id: 'string',
    ticker: 'string',
    sticky: 'boolean',
    event_time: 'timestamp',
    local_only: 'boolean',
    notification_priority: {
      oneOf: [
        'PRIORITY_UNSPECIFIED',
        'PRIORITY_MIN',
        'PRIORITY_LOW',
        'PRIORITY_DEFAULT',
        'PRIORITY_HIGH',
        'PRIORITY_MAX',
      ],
    },
    default_sound: 'boolean',
    default_vibrate_timings: 'boolean',
    default_light_settings: 'boolean',
    vibrate_timings: { list: 'duration' },
    visibility: { oneOf: ['VISIBILITY_UNSPECIFIED', 'PRIVATE', 'PUBLIC', 'SECRET'] },
    notification_count: 'integer',
    light_settings: { fields: { color, light_on_duration: 'duration', light_off_duration: 'duration' } },
    image: 'string',
    proxy: { oneOf: ['PROXY_UNSPECIFIED', 'ALLOW', 'DENY', 'IF_PRIORITY_LOWERED'] },
  },
};

/** The request body of `messages:send` (firebase.google.com/docs/reference/fcm/rest/v1/projects.messages). */
export const SEND_REQUEST: Shape = {
  fields: {
    validate_only: 'boolean',
    message: {
      fields: {
        token: 'string',
        fid: 'string',
        topic: 'string',
        condition: 'string',
        data: 'string-map',
        notification: { fields: { title: 'string', body: 'string', image: 'string' } },
        fcm_options: fcmOptions,
        android: {
          fields: {
            collapse_key: 'string',
            priority: { oneOf: ['NORMAL', 'HIGH', 'normal', 'high'] },
            ttl: 'duration',
            restricted_package_name: 'string',
            data: 'string-map',
            notification: androidNotification,
            fcm_options: fcmOptions,
            direct_boot_ok: 'boolean',
            bandwidth_constrained_ok: 'boolean',
            restricted_satellite_ok: 'boolean',
          },
        },
        webpush: {
          fields: {
            headers: 'string-map',
            data: 'string-map',
            notification: 'object',
            fcm_options: { fields: { link: 'string', analytics_label: 'string' } },
          },
        },
        apns: {
          fields: {
            headers: 'string-map',
            payload: 'object',
            fcm_options: { fields: { analytics_label: 'string', image: 'string' } },
            live_activity_token: 'string',
          },
        },
      },
    },
  },
};
