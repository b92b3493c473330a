export type StackSettings = {
  /** Servers that run already; undefined: to be started. */
  readonly kafkaBrokers: readonly string[] | undefined;
  readonly postgresUrl: string | undefined;
  readonly redisUrl: string | undefined;
  /** Variables of the services that were set by hand: they count more than what the stack would choose. */
  readonly env: Readonly<Record<string, string>>;
};

/** What the environment says about a stack. An empty variable counts as not set, as it does for the services themselves. */
export function readStackSettings(environment: Readonly<Record<string, string | undefined>>): StackSettings {
  const env = Object.fromEntries(
    Object.entries(environment).filter(
      (entry): entry is [string, string] =>
        /^(?:BELFRY|GOOGLE|KAFKA|POSTGRES|REDIS)_/.test(entry[0]) && Boolean(entry[1]),
    ),
  );
  return {
    kafkaBrokers: env.KAFKA_BROKERS?.split(',').map((broker) => broker.trim()),
    postgresUrl: env.POSTGRES_URL,
    redisUrl: env.REDIS_URL,
    env,
  };
}
