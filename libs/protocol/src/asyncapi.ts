import { LANES, PUSH_CHANNELS } from '@belfry/core/notification';
import { z } from 'zod';
import {
  CLIENT_FRAME_EXAMPLES,
  DEAD_LETTER_EXAMPLE,
  INPUT_EXAMPLES,
  RECEIPT_EXAMPLES,
  SERVER_FRAME_EXAMPLES,
  UNREADABLE_EXAMPLE,
} from './asyncapi-examples.ts';
import { deadLetterRecordSchema, unreadableJobRecordSchema } from './dead-letter-record.ts';
import { deliveryRecordSchema } from './delivery-record.ts';
import { clientFrameSchema } from './frames.ts';
import { inputRecordSchema } from './input-record.ts';
import { jobSchema, RECORD_HEADERS } from './job.ts';
import { DEAD_LETTERS_TOPIC, RECEIPTS_TOPIC } from './log-topics.ts';
import { receiptSchema } from './receipt.ts';
import { serverFrameSchema } from './server-frame-schema.ts';

type Json = { readonly [name: string]: unknown };
type MessageFacts = {
  readonly title: string;
  readonly summary: string;
  readonly schema: z.ZodType;
  /** Left out where it is no contract. */
  readonly examples?: Readonly<Record<string, object>>;
  readonly headers?: Json;
};

const INTERNAL = { 'x-internal': true };
const INTERNAL_NOTE =
  'Internal: written and read by Belfry alone. Nobody else should have the right to write here; the shape may change with any version.';
const KEY_RECIPIENT = 'tenant, slash, recipient; or tenant, slash, notification where there is no recipient';

const MESSAGES = {
  notification: {
    title: 'Notification of an upstream',
    summary:
      'The body of POST /v1/notifications. Key and headers say nothing about it: use any key whose records should keep their order.',
    schema: inputRecordSchema,
    examples: INPUT_EXAMPLES,
  },
  receipt: {
    title: 'Receipt',
    summary: 'A notification was accepted or routed, or a delivery changed state. At least once; states are ranked.',
    schema: receiptSchema,
    examples: RECEIPT_EXAMPLES,
  },
  deadLetter: {
    title: 'Dead letter',
    summary: 'A delivery that no further attempt is made for, with all its attempts.',
    schema: deadLetterRecordSchema,
    examples: { refused: DEAD_LETTER_EXAMPLE },
  },
  unreadableJob: {
    title: 'Unreadable job',
    summary: 'A record that could not become a notification, by its place and hash.',
    schema: unreadableJobRecordSchema,
    examples: { misshapen: UNREADABLE_EXAMPLE },
  },
  job: {
    title: 'Job',
    summary: 'A notification for one recipient, not yet routed; or for an audience, not yet expanded.',
    schema: jobSchema,
    headers: {
      type: 'object',
      required: [RECORD_HEADERS.tenant, RECORD_HEADERS.version],
      properties: { [RECORD_HEADERS.tenant]: { type: 'string' }, [RECORD_HEADERS.version]: { const: '1' } },
    },
  },
  delivery: {
    title: 'Delivery',
    summary: 'Which delivery, which attempt. Everything else is read from the store.',
    schema: deliveryRecordSchema,
  },
  serverFrame: {
    title: 'Frame to a client',
    summary: 'One JSON text per WebSocket message, or per SSE event.',
    schema: serverFrameSchema,
    examples: SERVER_FRAME_EXAMPLES,
  },
  clientFrame: {
    title: 'Frame from a client',
    summary: 'One JSON text per WebSocket message. SSE clients acknowledge with POST /v1/acks.',
    schema: clientFrameSchema,
    examples: CLIENT_FRAME_EXAMPLES,
  },
} as const satisfies Readonly<Record<string, MessageFacts>>;
type MessageName = keyof typeof MESSAGES;

/**
 * The AsyncAPI 3.0 description of everything that moves without a request: input topics, feeds, internal log topics and live frames. Made from the schemas that the code
 * checks with.
 */
export function asyncApiDocument(): Json {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Belfry',
      version: '1',
      description:
        'Log topics and live frames. Names of topics are those without KAFKA_TOPIC_PREFIX. HTTP is described by the OpenAPI document that a running Belfry serves under /docs.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: 'application/json',
    servers: {
      kafka: {
        host: '{broker}',
        protocol: 'kafka-secure',
        description: 'One of KAFKA_BROKERS; plain kafka where KAFKA_TLS is off',
        variables: { broker: { default: 'localhost:9092' } },
      },
      gateway: {
        host: '{gateway}',
        protocol: 'wss',
        description: 'A realtime gateway, or what stands before it',
        variables: { gateway: { default: 'localhost:8080' } },
      },
    },
    channels: {
      input: kafkaChannel('{inputTopic}', ['notification'], {
        description:
          'A topic of BELFRY_INPUT_TOPICS. All its records belong to the tenant that the variable names; nothing in a record can say otherwise.',
        parameters: { inputTopic: { description: 'As in BELFRY_INPUT_TOPICS', examples: ['orders-events'] } },
      }),
      receipts: kafkaChannel(RECEIPTS_TOPIC, ['receipt'], {
        description: `A feed of all tenants, at least once. Key: ${KEY_RECIPIENT}.`,
      }),
      deadLetters: kafkaChannel(DEAD_LETTERS_TOPIC, ['deadLetter', 'unreadableJob'], {
        description: `A feed of all tenants, at least once. Key: ${KEY_RECIPIENT}; the id of an unreadable job.`,
      }),
      jobs: kafkaChannel('jobs.{lane}', ['job'], {
        ...INTERNAL,
        description: INTERNAL_NOTE,
        parameters: { lane: { enum: [...LANES] } },
      }),
      deliveries: kafkaChannel('deliveries.{channel}.{lane}', ['delivery'], {
        ...INTERNAL,
        description: INTERNAL_NOTE,
        parameters: { channel: { enum: [...PUSH_CHANNELS] }, lane: { enum: [...LANES] } },
      }),
      live: {
        address: '/v1/realtime',
        description: 'One user stream. The same frames come over SSE at /v1/events.',
        servers: [{ $ref: '#/servers/gateway' }],
        messages: messageRefs(['serverFrame', 'clientFrame']),
      },
    },
    operations: {
      takeIn: operation('receive', 'input', 'The router takes notifications in'),
      tellReceipts: operation('send', 'receipts', 'Every service tells what happened'),
      tellDeadLetters: operation('send', 'deadLetters', 'Workers and the router tell what they gave up'),
      route: { ...operation('receive', 'jobs', 'The router turns jobs into deliveries'), ...INTERNAL },
      deliver: { ...operation('receive', 'deliveries', 'Push workers make attempts'), ...INTERNAL },
      sendFrames: operation('send', 'live', 'The gateway sends to a client', ['serverFrame']),
      takeFrames: operation('receive', 'live', 'The gateway takes acknowledgements', ['clientFrame']),
    },
    components: {
      messages: Object.fromEntries(Object.entries(MESSAGES).map(([name, facts]) => [name, message(name, facts)])),
    },
  };
}

function kafkaChannel(address: string, messages: readonly MessageName[], more: Json): Json {
  return { address, ...more, servers: [{ $ref: '#/servers/kafka' }], messages: messageRefs(messages) };
}

function messageRefs(names: readonly MessageName[]): Json {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/messages/${name}` }]));
}

function operation(
  action: 'send' | 'receive',
  channel: string,
  summary: string,
  messages: readonly MessageName[] = [],
): Json {
  const refs = messages.map((name) => ({ $ref: `#/channels/${channel}/messages/${name}` }));
  const only = refs.length > 0 ? { messages: refs } : {};
  return { action, channel: { $ref: `#/channels/${channel}` }, summary, ...only };
}

function message(name: string, { title, summary, schema, examples, headers }: MessageFacts): Json {
  const shown = Object.entries(examples ?? {}).map(([example, payload]) => ({ name: example, payload }));
  return {
    name,
    title,
    summary,
    contentType: 'application/json',
    ...(headers === undefined ? {} : { headers }),
    payload: draft7(schema),
    ...(shown.length > 0 ? { examples: shown } : {}),
  };
}

/** AsyncAPI's own schema language is JSON Schema draft 7, and where a payload stands no other is declared. */
function draft7(schema: z.ZodType): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { target: 'draft-7', io: 'input' });
  return rest;
}
