/**
 * The layers, from the inside out, and what the code of each may import from other packages of this repository. A package says its layer in
 * package.json (`belfry.layer`).
 */
export const LAYERS = {
  core: [],
  protocol: ['core'],
  platform: ['core'],
  adapter: ['core', 'protocol', 'platform'],
  dispatch: ['core', 'protocol'],
  worker: ['core', 'protocol'],
  runtime: ['core', 'protocol'],
  composition: ['core', 'protocol', 'dispatch', 'worker', 'runtime'],
  // The simulator for devices that are simulated, behind a setting: its authority, and how its tokens are known.
  process: ['core', 'protocol', 'dispatch', 'worker', 'runtime', 'composition', 'adapter', 'platform', 'simulator'],
  client: ['protocol'],
  simulator: ['core', 'protocol'],
  example: ['protocol', 'client'],
  service: [
    'core',
    'protocol',
    'dispatch',
    'worker',
    'runtime',
    'composition',
    'process',
    'adapter',
    'platform',
    'client',
    'simulator',
  ],
  standalone: [
    'core',
    'protocol',
    'dispatch',
    'worker',
    'runtime',
    'composition',
    'process',
    'adapter',
    'platform',
    'client',
    'simulator',
    'example',
    'service',
  ],
  testing: ['core', 'protocol'],
  e2e: ['protocol', 'client', 'simulator', 'example', 'testing'],
  bench: ['core', 'protocol', 'worker', 'runtime', 'platform', 'adapter', 'client', 'simulator', 'testing'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type Layer = keyof typeof LAYERS;

/** What test files may import besides: real neighbours, so that no mock is needed. Never a service, never e2e or bench. */
export const TEST_LAYERS: readonly Layer[] = ['testing', 'simulator', 'adapter', 'platform', 'runtime'];

export function isLayer(name: unknown): name is Layer {
  return typeof name === 'string' && Object.hasOwn(LAYERS, name);
}

export type AmbientRule = { readonly pattern: RegExp; readonly instead: string };

/** What hides a dependency on the machine, and what to use instead. */
export const AMBIENT: readonly AmbientRule[] = [
  { pattern: /\bprocess\s*\.\s*env\b/, instead: 'an option read from a config table' },
  { pattern: /\bDate\s*\.\s*now\b|\bnew\s+Date\s*\(\s*\)/, instead: 'Clock.nowMs()' },
  { pattern: /\bperformance\s*\.\s*now\b/, instead: 'Clock.monotonicMs()' },
  { pattern: /\bMath\s*\.\s*random\b/, instead: 'Random.next()' },
  { pattern: /\b(?:setTimeout|setInterval)\s*\(/, instead: 'Clock.schedule()' },
  { pattern: /['"]node:timers(?:\/promises)?['"]/, instead: 'Clock' },
];

/** Where the ambient rules do not hold: the edge itself, and code that never runs in production. */
export const AMBIENT_LAYERS: readonly Layer[] = ['runtime', 'testing', 'e2e', 'bench'];

/** Single files that implement Clock or Random where libs/runtime cannot be imported. */
export const AMBIENT_FILES: readonly string[] = [
  'libs/client/src/browser-clock.ts',
  'services/console/web/page-clock.ts',
];

/** They name the `main.ts` of a service, to start it as a process of its own. */
export const STARTS_PROCESSES: readonly Layer[] = ['e2e', 'bench'];

export const LINES_MAX = 400;
export const MAIN_LINES_MAX = 80;
