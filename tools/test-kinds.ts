/** Servers that start in Docker or as processes (libs/testing), and so are tested with twice. */
const SERVERS = ['kafka', 'postgres', 'redis'];
const NEEDS = [...SERVERS, 'docker', 'toxiproxy', 'kcat', 'browser', 'cc', 'python', 'curl', 'long'];
const NEEDING = `**/*.{${NEEDS.join(',')}}.test.ts`;
/** Only with a server: `x.kafka.toxiproxy.test.ts` and `x.kafka.long.test.ts` take their time once. */
const WITH_SERVER = `**/*.{${SERVERS.join(',')}}.test.ts`;
/** Specs that know nothing but a URL: `x.stack.test.ts`, `x.stack.browser.test.ts`. */
const ON_EVERY_STACK = ['**/*.stack.test.ts', '**/*.stack.*.test.ts'];
/** The same, but so often ended and started that a stack of containers takes too long over it. */
const ON_PROCESSES = ['**/*.processes.test.ts', '**/*.processes.*.test.ts'];
const NEVER = ['**/node_modules/**', '**/dist/**', '**/data/**'];

type Kind = {
  /** The npm script and nx target that runs it. */
  readonly target: string;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  /** What it is run with. */
  readonly env: Readonly<Record<string, string>>;
};

/**
 * Tests that need only what npm brings, tests that need more (`x.<need>.test.ts`), of these the ones with a server again, started in Docker; and the specs of e2e
 * again, on the stack of processes and on that of containers.
 */
export const TEST_KINDS = {
  unit: { target: 'test', include: ['**/*.test.ts'], exclude: [...NEVER, NEEDING], env: {} },
  needs: { target: 'test:needs', include: [NEEDING], exclude: NEVER, env: {} },
  docker: { target: 'test:needs', include: [WITH_SERVER], exclude: NEVER, env: { BELFRY_LAUNCH: 'docker' } },
  processes: {
    target: 'test:needs',
    include: [...ON_EVERY_STACK, ...ON_PROCESSES],
    exclude: NEVER,
    env: { BELFRY_STACK: 'processes' },
  },
  compose: { target: 'test:needs', include: ON_EVERY_STACK, exclude: NEVER, env: { BELFRY_STACK: 'compose' } },
} as const satisfies Readonly<Record<string, Kind>>;

export type TestKind = keyof typeof TEST_KINDS;

/** What a run without a name runs: every suite once, however its servers start. */
export const DEFAULT_KINDS: readonly TestKind[] = ['unit', 'needs'];

export function isTestKind(name: string | undefined): name is TestKind {
  return name !== undefined && Object.hasOwn(TEST_KINDS, name);
}
