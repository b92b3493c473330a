/** Where the adapter reports; a pino logger fits. */
export type PostgresLogger = {
  info(facts: Readonly<Record<string, unknown>>, message: string): void;
  warn(facts: Readonly<Record<string, unknown>>, message: string): void;
};
