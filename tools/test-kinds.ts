const NEEDS = ['kafka', 'postgres', 'redis', 'docker', 'toxiproxy', 'kcat', 'browser', 'cc', 'python', 'curl', 'long'];
const NEEDING = `**/*.{${NEEDS.join(',')}}.test.ts`;
const NEVER = ['**/node_modules/**', '**/dist/**', '**/data/**'];

/** Tests that need only what npm brings, and tests that need more: `x.<need>.test.ts`. */
export const TEST_KINDS = {
  unit: { target: 'test', include: ['**/*.test.ts'], exclude: [...NEVER, NEEDING] },
  needs: { target: 'test:needs', include: [NEEDING], exclude: NEVER },
} as const;

export type TestKind = keyof typeof TEST_KINDS;

export function isTestKind(name: string | undefined): name is TestKind {
  return name !== undefined && Object.hasOwn(TEST_KINDS, name);
}
