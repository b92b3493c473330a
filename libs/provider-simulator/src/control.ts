import type { Reply } from './exchange.ts';
import { isRecord, parseAction, parseFaults, parseSteps } from './parse-script.ts';
import type { SimulatedProvider } from './provider.ts';
import { EVERY_TARGET } from './script.ts';

/** First part of every control path; no provider serves it. */
export const CONTROL_PREFIX = '/_simulator/';

export type ControlRequest = {
  readonly method: string;
  /** Path without the query, `/_simulator/<provider>/<what>`. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Parsed JSON; undefined for an empty body. */
  readonly body: unknown;
};

const MAX_LISTED = 1_000;

/**
 * The control API, independent of the transport, so that a host process can mount it on a port of its own. Per provider:
 * `POST devices`, `DELETE devices?target=`, `PUT script {target, steps, afterwards?}`, `PUT faults`, `GET received?target=&limit=`,
 * `GET counters`.
 */
export function createControl(providers: readonly SimulatedProvider[]): (request: ControlRequest) => Reply {
  return (request) => {
    const [name, what, ...rest] = request.path.slice(CONTROL_PREFIX.length).split('/');
    const provider = providers.find((candidate) => candidate.name === name);
    if (!provider || rest.length > 0) return problem(404, '', 'no such provider or path');
    const asked = request.query.get('target');
    const target = asked === null ? undefined : provider.targetOf(asked);
    switch (`${request.method} ${what}`) {
      case 'POST devices': {
        const made = provider.createTarget(request.body ?? {});
        if (!made.ok) return problem(400, made.field, made.detail);
        return { status: 201, body: { target: made.target, device: made.device } };
      }
      case 'DELETE devices':
        if (target === undefined) return problem(400, '/target', 'must be given in the query');
        return { status: 200, body: { removed: provider.removeTarget(target) } };
      case 'PUT script':
        return putScript(provider, request.body);
      case 'PUT faults': {
        const plan = parseFaults(request.body);
        if (!plan.ok) return problem(400, plan.field, plan.detail);
        provider.script.setFaults(plan.value);
        return { status: 200, body: {} };
      }
      case 'GET received': {
        const limit = Math.min(Number(request.query.get('limit') ?? 100) || 0, MAX_LISTED);
        return { status: 200, body: { items: limit > 0 ? provider.recorder.received(target).slice(-limit) : [] } };
      }
      case 'GET counters':
        return { status: 200, body: provider.recorder.counters() };
      default:
        return problem(404, '', 'no such control path');
    }
  };
}

function putScript(provider: SimulatedProvider, body: unknown): Reply {
  if (!isRecord(body)) return problem(400, '', 'must be an object with target and steps');
  const target = body.target ?? EVERY_TARGET;
  if (typeof target !== 'string') return problem(400, '/target', `must be a string, ${EVERY_TARGET} for every one`);
  const steps = parseSteps(body.steps);
  if (!steps.ok) return problem(400, steps.field, steps.detail);
  const afterwards = body.afterwards === undefined ? undefined : parseAction(body.afterwards, '/afterwards');
  if (afterwards && !afterwards.ok) return problem(400, afterwards.field, afterwards.detail);
  const key = target === EVERY_TARGET ? target : provider.targetOf(target);
  provider.script.set(key, steps.value, afterwards?.value);
  return { status: 200, body: { target: key, remaining: provider.script.remaining(key) } };
}

function problem(status: number, field: string, detail: string): Reply {
  return { status, body: { status, field, detail } };
}
