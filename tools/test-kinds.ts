/** Servers that start in Docker or as processes (libs/testing), and so are tested with twice. */
const SERVERS = ['kafka', 'postgres', 'redis'];
const NEEDS = [...SERVERS, 'docker', 'toxiproxy', 'kcat', 'browser', 'cc', 'python', 'curl', 'long'];
const NEEDING = `**/*.{${NEEDS.join(',')}}.test.ts`;
/** Only with a server: `x.kafka.toxiproxy.test.ts` and `x.kafka.long.test.ts` take their time once. */
const WITH_SERVER = `**/*.{${SERVERS.join(',')}}.test.ts`;
const NEVER = ['**/node_modules/**', '**/dist/**', '**/data/**'];

/** Tests that need only what npm brings, tests that need more (`x.<need>.test.ts`), and of these the ones with a server again, started in Docker. */
export const TEST_KINDS = {
  unit: { target: 'test', include: ['**/*.test.ts'], exclude: [...NEVER, NEEDING] },
  needs: { target: 'test:needs', include: [NEEDING], exclude: NEVER },
  docker: { target: 'test:needs', include: [WITH_SERVER], exclude: NEVER },
} as const;

export type TestKind = keyof typeof TEST_KINDS;

export function isTestKind(name: string | undefined): name is TestKind {
  return name !== undefined && Object.hasOwn(TEST_KINDS, name);
}
