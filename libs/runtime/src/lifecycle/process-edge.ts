/** What the operating system tells a process, and how a process ends. Tests hand in their own. */
export type ProcessEdge = {
  onSignal(handler: (signal: string) => void): void;
  /** Uncaught exceptions and rejections that nobody handled. */
  onFault(handler: (error: unknown, origin: string) => void): void;
  exit(code: number): void;
};

/** The real one: SIGTERM and SIGINT. */
export function createProcessEdge(): ProcessEdge {
  return {
    onSignal(handler) {
      process.on('SIGTERM', handler);
      process.on('SIGINT', handler);
    },
    onFault(handler) {
      process.on('uncaughtException', handler);
    },
    exit: (code) => process.exit(code),
  };
}
