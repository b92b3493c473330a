import { create } from './dom.ts';
import { formatRemaining } from './format.ts';
import { pageClock } from './page-clock.ts';

const TICK_MS = 100;

/** `retry due in 4 s`, and a bar that empties. It counts by itself while it is in the page. */
export function createCountdown(dueMs: number, fromMs: number): HTMLElement {
  const element = create(
    'p',
    { class: 'countdown', 'data-due': String(dueMs), 'data-from': String(fromMs) },
    create('span', { class: 'countdown-text' }),
    create('span', { class: 'bar', 'aria-hidden': 'true' }, create('span', {})),
  );
  tick(element);
  return element;
}

/** Keeps every countdown of the page going. Call once. */
export function startCountdowns(): void {
  pageClock.every(TICK_MS, () => {
    for (const element of document.querySelectorAll<HTMLElement>('.countdown')) tick(element);
  });
}

function tick(element: HTMLElement): void {
  const dueMs = Number(element.dataset.due);
  const fromMs = Number(element.dataset.from);
  const leftMs = dueMs - pageClock.nowMs();
  const [text, bar] = element.children;
  const sentence = leftMs > 0 ? `retry due in ${formatRemaining(leftMs)}` : 'retry is due';
  if (text !== undefined && text.textContent !== sentence) text.textContent = sentence;
  const share = Math.min(1, Math.max(0, leftMs / Math.max(1, dueMs - fromMs)));
  (bar?.firstElementChild as HTMLElement | null)?.style.setProperty('transform', `scaleX(${share})`);
}
