import { readFileSync } from 'node:fs';
import path from 'node:path';
import asyncApi from '@asyncapi/specs';
import { Ajv, type AnySchema, type ValidateFunction } from 'ajv';
import { describe, expect, it } from 'vitest';
import { asyncApiDocument } from '../libs/protocol/src/asyncapi.ts';
import { INPUT_EXAMPLES } from '../libs/protocol/src/asyncapi-examples.ts';

type Message = {
  readonly payload: object;
  readonly examples?: readonly { readonly name: string; readonly payload: unknown }[];
};
type AsyncApi = {
  readonly channels: Readonly<Record<string, object>>;
  readonly operations: Readonly<Record<string, object>>;
  readonly components: { readonly messages: Readonly<Record<string, Message>> };
};

/** Formats are for tools that know them; here they are only names. */
const FORMATS = {
  uri: true,
  'uri-reference': true,
  'uri-template': true,
  email: true,
  'date-time': true,
  regex: true,
} as const;
/** It brings the schema of schemas along, which Ajv would add a second time. */
const SPECIFICATION = asyncApi.schemas['3.0.0'] as AnySchema;
const document = JSON.parse(JSON.stringify(asyncApiDocument())) as AsyncApi;
const messages = Object.entries(document.components.messages);
const check = (validate: ValidateFunction, value: unknown) => (validate(value) ? [] : validate.errors);

describe('docs/asyncapi.json', () => {
  it('is valid by the schema of AsyncAPI 3.0', () => {
    const validate = new Ajv({ strict: false, formats: FORMATS, meta: false, validateSchema: false }).compile(
      SPECIFICATION,
    );
    expect(check(validate, document)).toEqual([]);
    expect(check(validate, { ...document, info: {} })).not.toEqual([]);
  });

  it('has no reference that leads nowhere', () => {
    const refs = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path = '']) => path);
    const broken = refs.filter((path) => path.split('/').reduce(step, document) === undefined);
    expect(refs.length).toBeGreaterThan(10);
    expect(broken).toEqual([]);
  });

  it.each(messages)('%s: its schema is one, and its examples keep to it', (_name, { payload, examples = [] }) => {
    const validate = new Ajv({ strict: true, strictRequired: false, formats: FORMATS, allowUnionTypes: true }).compile(
      payload,
    );
    expect(examples.map((example) => [example.name, check(validate, example.payload)])).toEqual(
      examples.map(({ name }) => [name, []]),
    );
    expect(check(validate, { unheard: 'of' })).not.toEqual([]);
  });

  it('shows an example of everything that is a contract', () => {
    const silent = messages.filter(([, { examples }]) => examples === undefined).map(([name]) => name);
    expect(silent).toEqual(['job', 'delivery']);
  });
});

function step(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

describe('docs/kafka.md', () => {
  it('shows the least record and the full one as the document has them', () => {
    const text = readFileSync(path.resolve(import.meta.dirname, '../docs/kafka.md'), 'utf8');
    const shown = [...text.matchAll(/^```json\n(.*?)^```$/gms)].map(([, json = '']): unknown => JSON.parse(json));
    expect(shown).toEqual([INPUT_EXAMPLES.least, INPUT_EXAMPLES.full]);
  });
});
