import type { Clock } from '@belfry/core/clock';
import type { Exchange, Reply } from './exchange.ts';
import type { ScriptAction } from './script.ts';

/** What a provider lends to the acting of one request. */
export type Stage = {
  readonly clock: Clock;
  readonly exchange: Exchange;
  /** Takes the message for good and says what a healthy provider answers. Called at most once. */
  accept(): Reply;
  /** The provider's usual answer with this status; notes the refusal. */
  refuse(status: number): Reply;
  /** Notes that the request gets no answer. */
  drop(how: ScriptAction['kind']): void;
};

export function actOut(action: ScriptAction, stage: Stage): void {
  const { exchange } = stage;
  switch (action.kind) {
    case 'accept':
      exchange.answer(stage.accept());
      break;
    case 'status':
      exchange.answer(scriptedReply(action, action.status < 300 ? stage.accept() : stage.refuse(action.status)));
      break;
    case 'hang':
      stage.drop('hang');
      break;
    case 'reset-before':
      stage.drop('reset-before');
      exchange.reset();
      break;
    case 'reset-after':
      stage.accept();
      exchange.reset();
      break;
    case 'slow':
      stage.clock.schedule(action.delayMs, () => actOut(action.next, stage));
      break;
    case 'goaway':
      if (!action.accepted) stage.drop('goaway');
      exchange.goAway(action.accepted ? stage.accept() : undefined);
      break;
    case 'half-close':
      stage.drop('half-close');
      exchange.halfClose();
      break;
  }
}

function scriptedReply(action: Extract<ScriptAction, { kind: 'status' }>, usual: Reply): Reply {
  return {
    status: action.status,
    headers: {
      ...usual.headers,
      ...action.headers,
      ...(action.retryAfter === undefined ? {} : { 'retry-after': String(action.retryAfter) }),
    },
    body: action.body ?? usual.body,
  };
}
