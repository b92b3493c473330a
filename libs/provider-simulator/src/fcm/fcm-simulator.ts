import { randomBytes } from 'node:crypto';
import type { Clock } from '@belfry/core/clock';
import { actOut } from '../act-out.ts';
import type { Exchange, Reply } from '../exchange.ts';
import { isRecord } from '../parse-script.ts';
import type { SimulatedProvider, TargetCreation } from '../provider.ts';
import { createRecorder } from '../recorder.ts';
import { createScriptBook, type ScriptAction } from '../script.ts';
import { type CheckedMessage, checkMessage } from './check-message.ts';
import { type FcmErrorName, fcmErrorReply, frontEndPage, invalidArgument, usualReply } from './fcm-error-body.ts';

export type FcmReceived = {
  /** `projects/<project>/messages/<id>`, as it was answered. */
  readonly name: string;
  readonly message: Readonly<Record<string, unknown>>;
  readonly httpVersion: string;
};

export type FcmSimulatorOptions = {
  readonly clock: Clock;
  /** The only project there is; every project exists when omitted. */
  readonly projectId?: string;
  /** Accepted messages held in memory. Default 100,000. */
  readonly keep?: number;
};

export type FcmSimulator = SimulatedProvider<FcmReceived> & {
  /** An access token that is taken from now on, beside `owner`, which always is. */
  issueAccessToken(): string;
  /** 401 for this access token from now on. */
  revokeAccessToken(token: string): void;
  /** From now on this registration belongs to another sender (SENDER_ID_MISMATCH). */
  giveToOtherSender(token: string): void;
};

type Refusal = { readonly ok: false; readonly reply: Reply; readonly reason: string; readonly target: string };
type ExchangeCheck = Refusal | { readonly ok: true; readonly project: string; readonly value: CheckedMessage };

const SEND_PATH = /^\/v1\/projects\/([^/]+)\/messages:send$/;
/** Registrations are known by their shape, so that devices which a store remembers still work after the simulator's restart. */
const REGISTRATION = /^simulated:[A-Za-z0-9_-]{22,200}$/;
const REGISTRATION_BYTES = 24;
const OWNER_TOKEN = 'owner';

/** True for the registration tokens that the simulator gives out; no token of Google's begins like that. */
export function isSimulatedFcmToken(token: string): boolean {
  return REGISTRATION.test(token);
}

/** FCM HTTP v1 as far as one device needs it: checks what it gets as strictly as FCM, then acts out its script. */
export function createFcmSimulator(options: FcmSimulatorOptions): FcmSimulator {
  const { clock } = options;
  const script = createScriptBook();
  const recorder = createRecorder<FcmReceived>(options.keep);
  const accessTokens = new Set([OWNER_TOKEN]);
  const removed = new Set<string>();
  const foreign = new Set<string>();
  let accepted = 0;

  function serve(exchange: Exchange): void {
    const arrivedAtMs = clock.nowMs();
    const refuse = (reply: Reply, target: string, reason: string) => {
      recorder.note({ kind: 'refused', target, atMs: clock.nowMs(), status: reply.status, reason });
      return reply;
    };
    const check = checkExchange(exchange);
    if (!check.ok) {
      exchange.answer(refuse(check.reply, check.target, check.reason));
    } else if (check.value.validateOnly) {
      exchange.answer({ status: 200, body: { name: `projects/${check.project}/messages/fake_message_id` } });
    } else {
      const { token } = check.value;
      actOut(forFcm(script.next(token)), {
        clock,
        exchange,
        accept: () => accept(check.value, check.project, exchange.httpVersion, arrivedAtMs),
        refuse: (status) => refuse(usualReply(status), token, 'script'),
        drop: (how) => recorder.note({ kind: 'dropped', target: token, atMs: clock.nowMs(), how }),
      });
    }
  }

  function checkExchange(exchange: Exchange): ExchangeCheck {
    const project = SEND_PATH.exec(exchange.path)?.[1];
    if (exchange.method !== 'POST' || project === undefined) return refusal(frontEndPage(404), 'path');
    const early = refuseHeaders(exchange) ?? refuseProject(project);
    if (early) return early;
    const checked = checkMessage(exchange.body.toString('utf8'));
    if (!checked.ok) return refusal(invalidArgument(checked.field, checked.description, checked.byFcm), 'message');
    const { token } = checked.value;
    const error = registrationError(token);
    if (error) return { ok: false, reply: fcmErrorReply(error), reason: error, target: token };
    return { ok: true, project, value: checked.value };
  }

  function refuseHeaders({ headers, httpVersion }: Exchange): Refusal | undefined {
    if (httpVersion.startsWith('2') && (headers[':scheme'] !== 'https' || !headers[':authority'])) {
      return refusal(frontEndPage(400), 'pseudo-headers');
    }
    const access = /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1];
    if (access === undefined || !accessTokens.has(access)) {
      return refusal(fcmErrorReply('UNAUTHENTICATED'), 'UNAUTHENTICATED');
    }
    return /^application\/json\b/i.test(headers['content-type'] ?? '')
      ? undefined
      : refusal(invalidArgument('', 'Content-Type must be application/json.', false), 'content-type');
  }

  function refuseProject(project: string): Refusal | undefined {
    return options.projectId === undefined || project === options.projectId
      ? undefined
      : refusal(fcmErrorReply('NO_SUCH_PROJECT'), 'NO_SUCH_PROJECT');
  }

  function registrationError(token: string): FcmErrorName | undefined {
    if (!isSimulatedFcmToken(token)) return 'INVALID_TOKEN';
    if (removed.has(token)) return 'UNREGISTERED';
    return foreign.has(token) ? 'SENDER_ID_MISMATCH' : undefined;
  }

  function accept(
    { token, message }: CheckedMessage,
    project: string,
    httpVersion: string,
    arrivedAtMs: number,
  ): Reply {
    accepted += 1;
    const atMs = clock.nowMs();
    const name = `projects/${project}/messages/0:${atMs}${accepted}%simulated`;
    recorder.note({
      kind: 'accepted',
      target: token,
      atMs,
      arrivedAtMs,
      message: { target: token, atMs, name, message, httpVersion },
    });
    return { status: 200, body: { name } };
  }

  /** A token may be asked for by name, in the simulator's shape; otherwise one is made. */
  function createTarget(input: unknown): TargetCreation {
    const wanted = isRecord(input) ? input.token : undefined;
    if (wanted !== undefined && (typeof wanted !== 'string' || !isSimulatedFcmToken(wanted))) {
      return { ok: false, field: '/token', detail: 'must be "simulated:" and 22 to 200 characters of base64url' };
    }
    const token = wanted ?? `simulated:${randomBytes(REGISTRATION_BYTES).toString('base64url')}`;
    removed.delete(token);
    foreign.delete(token);
    return { ok: true, target: token, device: { channel: 'fcm', token } };
  }

  return {
    name: 'fcm',
    script,
    recorder,
    serves: (path) => path.startsWith('/v1/projects/'),
    serve,
    targetOf: (address) => address,
    createTarget,
    removeTarget(target) {
      if (!isSimulatedFcmToken(target) || removed.has(target)) return false;
      removed.add(target);
      return true;
    },
    issueAccessToken() {
      const token = `ya29.simulated-${randomBytes(REGISTRATION_BYTES).toString('base64url')}`;
      accessTokens.add(token);
      return token;
    },
    revokeAccessToken: (token) => void accessTokens.delete(token),
    giveToOtherSender: (token) => void foreign.add(token),
  };
}

/** 410 is how a script says "gone" to any provider; FCM's word for it is 404 UNREGISTERED. */
function forFcm(action: ScriptAction): ScriptAction {
  if (action.kind === 'slow') return { ...action, next: forFcm(action.next) };
  return action.kind === 'status' && action.status === 410 && action.body === undefined
    ? { ...action, status: 404 }
    : action;
}

function refusal(reply: Reply, reason: string): Refusal {
  return { ok: false, reply, reason, target: '' };
}
