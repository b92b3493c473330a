import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readConfigTables } from './config-tables.ts';

type ComposeFile = {
  readonly services: Readonly<Record<string, { readonly environment?: Readonly<Record<string, unknown>> }>>;
};

const ROOT = path.resolve(import.meta.dirname, '..');
const { services } = parse(readFileSync(path.join(ROOT, 'docker-compose.yml'), 'utf8'), { merge: true }) as ComposeFile;
const tables = (await readConfigTables(ROOT)).map(({ folder, table }) => ({
  service: path.basename(folder),
  options: table.options,
}));

/** What docker-compose.yml may leave out, and why nobody misses it there. */
const LEFT_OUT: readonly (readonly [name: RegExp, because: string])[] = [
  [/^(?:PORT|BELFRY_HOST)$/, 'the image sets it'],
  [/^(?:KAFKA_TLS|KAFKA_SASL_.*)$/, 'the broker beside the services asks for neither'],
  [/^BELFRY_SIMULATOR_PORT$/, 'the port is published, as `docker compose port` says'],
  [/^BELFRY_NEW_API_KEY(?:_|$)/, 'of one run that makes a key, so it is said with that run'],
  [/^BELFRY_STOP_BUDGET$/, 'stop_grace_period is above its default; whoever changes one has to change both'],
];
/** Whoever sets one has to mount the file, too: both belong into an override. */
const FILE = 'a file path';
/** Of the example upstream, which has no table. */
const NOT_OF_SERVICES = ['INVOICES'];

describe('docker-compose.yml', () => {
  it.each(tables.filter(({ service }) => service in services))(
    'passes every variable on to $service that an operator may want to set there',
    ({ service, options }) => {
      const passed = Object.keys(services[service]?.environment ?? {});
      const missing = Object.entries(options)
        .filter(([name, { type }]) => type.expects !== FILE && !LEFT_OUT.some(([pattern]) => pattern.test(name)))
        .map(([name]) => name)
        .filter((name) => !passed.includes(name));
      expect(missing).toEqual([]);
    },
  );

  it('passes none on that no service knows', () => {
    const known = new Set([...NOT_OF_SERVICES, ...tables.flatMap(({ options }) => Object.keys(options))]);
    const own = tables.map(({ service }) => services[service]?.environment ?? {});
    expect(own.flatMap(Object.keys).filter((name) => !known.has(name))).toEqual([]);
  });

  it('has a container for every service that runs beside others', () => {
    const names = tables.map(({ service }) => service).filter((service) => service !== 'standalone');
    expect(names.filter((name) => !(name in services))).toEqual([]);
  });
});
