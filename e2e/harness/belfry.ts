export const TEST_KEY = 'bk_e2e_0123456789abcdefghijklmnopqrstuvwxyz';
export const TEST_JWT_SECRET = 'a secret for tests that is long enough for HS256';

export type LaunchOptions = {
  readonly env?: Readonly<Record<string, string>>;
  /** Kept over launches when given; otherwise a new folder that `stop` removes. */
  readonly dataDirectory?: string;
  readonly port?: number;
};

/** A running Belfry, whatever it is made of. */
export type Belfry = {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly dataDirectory: string;
  /** From starting the process to `/health/ready`, in milliseconds. */
  readonly readyAfterMs: number;
  /** All it has printed so far. */
  output(): string;
  /** Sends the signal and waits for the end of the process; resolves with its exit code (null when a signal ended it). */
  end(signal: NodeJS.Signals): Promise<number | null>;
  /** SIGTERM, and the data folder removed where it was made here. */
  stop(): Promise<void>;
};
