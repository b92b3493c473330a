/** The line under a form that says what came of it. */
export type Notice = {
  say(text: string): void;
  complain(text: string): void;
  clear(): void;
};

export function createNotice(element: HTMLElement): Notice {
  const show = (text: string, tone: string): void => {
    element.textContent = text;
    element.dataset.tone = tone;
  };
  return {
    say: (text) => show(text, 'good'),
    complain: (text) => show(text, 'bad'),
    clear: () => show('', ''),
  };
}
