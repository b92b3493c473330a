import type { Exchange } from './exchange.ts';
import type { Recorder } from './recorder.ts';
import type { ScriptBook } from './script.ts';

/** One provider behind the simulator's port: what the server and the control API need of it. */
export type SimulatedProvider<M = unknown> = {
  /** Its part of the control API: `/_simulator/<name>/…`. */
  readonly name: string;
  readonly script: ScriptBook;
  readonly recorder: Recorder<M>;
  /** Whether requests to this path are this provider's. */
  serves(path: string): boolean;
  serve(exchange: Exchange): void;
  /** The key that scripts and messages have for an address as its owner knows it (an endpoint, a token). */
  targetOf(address: string): string;
  /** A new simulated device; the answer is what a browser or an app would hand to its server. */
  createTarget(input: unknown): TargetCreation;
  /** The app is uninstalled, the subscription given up: from now on the provider says that it is gone. False: it never was. */
  removeTarget(target: string): boolean;
};

export type TargetCreation =
  | { readonly ok: true; readonly target: string; readonly device: Readonly<Record<string, unknown>> }
  /** `field` is a JSON pointer into the input. */
  | { readonly ok: false; readonly field: string; readonly detail: string };
