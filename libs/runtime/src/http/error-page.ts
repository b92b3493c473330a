import { ERRORS } from '@belfry/protocol/errors';

/** What the `type` of a problem document points to: every code, explained. */
export function errorPage(): string {
  const entries = Object.entries(ERRORS).map(
    ([code, { status, title, description }]) =>
      `<h2 id="${code}">${code}</h2><p><strong>${status} ${escapeHtml(title)}.</strong> ${escapeHtml(description)}</p>`,
  );
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Error codes</title><h1>Error codes</h1>${entries.join('')}</html>`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
