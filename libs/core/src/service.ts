/**
 * The one lifecycle of everything that runs. `start` resolves when the service does its work; `drain` stops taking new
 * work and finishes what is under way; `stop` lets go of resources. The runtime starts services in the order of the list,
 * and drains and stops them in the reverse order, so list what others need first (log and store), what faces users last.
 */
export type Service = {
  readonly name: string;
  start(): Promise<void>;
  /** Finishes started work until `deadline` aborts; work not finished by then is abandoned and will be repeated. */
  drain?(deadline: AbortSignal): Promise<void>;
  stop(): Promise<void>;
  /** Why this service cannot take work now, in words for an operator; undefined when it can. Decides `/health/ready`. */
  unready?(): string | undefined;
};
