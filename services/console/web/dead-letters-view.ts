import { call, describeProblem } from './api.ts';
import { coalesce } from './coalesce.ts';
import { button, create, find, whileBusy } from './dom.ts';
import { channelName, count, formatTime } from './format.ts';
import { createNotice } from './notice.ts';

export type DeadLettersView = { refresh(): void };

type Group = {
  readonly fingerprint: string;
  readonly channel: string;
  readonly reason: string;
  readonly count: number;
  readonly newestAt: string;
};

type Redriven = {
  readonly matched: number;
  readonly skipped: number;
  readonly skippedReasons: Readonly<Record<string, number>>;
  readonly redriven: number;
};

/** Open dead letters by cause, with what a redrive would do and the redrive itself. */
export function createDeadLettersView(): DeadLettersView {
  const list = find('letters', HTMLElement);
  const empty = find('letters-empty', HTMLElement);
  const badge = find('letters-count', HTMLElement);
  const notice = createNotice(find('letters-notice', HTMLElement));

  const redrive = async (group: Group, dryRun: boolean): Promise<void> => {
    const filter = { fingerprint: group.fingerprint, channel: group.channel, state: 'open' };
    const answer = await call<Redriven>('POST', '/v1/dead-letters/redrive', { filter, dryRun });
    if (!answer.ok) return notice.complain(describeProblem(answer.problem));
    const { matched, skipped, skippedReasons, redriven } = answer.value;
    const happens = dryRun ? `${matched - skipped} of ${matched} would be sent again` : `${redriven} sent again`;
    notice.say([happens, ...describeSkipped(skippedReasons)].join(', '));
    if (!dryRun) await read();
  };

  const row = (group: Group): HTMLElement => {
    const dryRun = button('Dry run', 'quiet', () => void whileBusy(dryRun, () => redrive(group, true)));
    const send = button('Redrive', 'quiet', () => void whileBusy(send, () => redrive(group, false)));
    return create(
      'li',
      { 'data-fingerprint': group.fingerprint },
      create('span', { class: 'number' }, String(group.count)),
      create(
        'span',
        { class: 'headline' },
        create('strong', {}, group.reason),
        create(
          'span',
          { class: 'faint' },
          `${channelName(group.channel)} · newest ${formatTime(Date.parse(group.newestAt))} · ${group.fingerprint}`,
        ),
      ),
      create('span', { class: 'actions' }, dryRun, send),
    );
  };

  const read = async (): Promise<void> => {
    const answer = await call<{ items: readonly Group[] }>('GET', '/v1/dead-letters/groups');
    if (!answer.ok) return;
    const { items } = answer.value;
    const total = items.reduce((sum, group) => sum + group.count, 0);
    list.replaceChildren(...items.map(row));
    empty.hidden = items.length > 0;
    badge.textContent = String(total);
    badge.hidden = total === 0;
    badge.title = `${count(total, 'dead letter')} open`;
  };

  return { refresh: coalesce(read) };
}

/** Why a redrive leaves some out: `2 left out (expired)`. */
export function describeSkipped(reasons: Readonly<Record<string, number>>): readonly string[] {
  return Object.entries(reasons).map(([reason, n]) => `${n} left out (${reason})`);
}
