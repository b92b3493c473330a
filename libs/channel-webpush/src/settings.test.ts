import { describe, expect, it } from 'vitest';
import { allowedHostProblem, vapidSubjectProblem, vapidSubjectWarning } from './settings.ts';

describe('vapidSubjectProblem', () => {
  it.each([
    ['mailto:ops@example.com', undefined],
    ['https://example.com/contact', undefined],
    ['mailto:ops', 'address'],
    ['ops@example.com', 'address'],
    ['http://example.com', 'address'],
    ['mailto:ops@localhost', 'localhost'],
    ['https://localhost:8080', 'localhost'],
  ])('subject %s', (subject, problem) => {
    if (problem) expect(vapidSubjectProblem(subject)).toContain(problem);
    else expect(vapidSubjectProblem(subject)).toBeUndefined();
  });
});

describe('vapidSubjectWarning', () => {
  it.each(['mailto:ops@belfry.io', 'https://push.shop.de/contact', 'mailto:ops@invalid.io', 'mailto:a@my-example.com'])(
    'has nothing to say of %s',
    (subject) => expect(vapidSubjectWarning(subject)).toBeUndefined(),
  );
  it.each([
    'mailto:operator@belfry.invalid',
    'mailto:ops@example.com',
    'mailto:ops@Shop.Example',
    'https://example.org/contact',
    'mailto:ops@mail.localhost',
    'https://push.test',
  ])('warns about %s', (subject) => expect(vapidSubjectWarning(subject)).toContain(subject));
});

describe('allowedHostProblem', () => {
  it.each(['127.0.0.1:8443', 'localhost:1', '[::1]:8443', 'push.internal:443'])('takes %s', (entry) => {
    expect(allowedHostProblem(entry)).toBeUndefined();
  });

  const bad = [
    '127.0.0.1',
    'LOCALHOST:1',
    '127.1:8443',
    'https://localhost:1',
    'localhost:1/x',
    'a@b:1',
    '*:443',
    '::1:8443',
    'localhost:99999',
    '',
  ];
  it.each(bad)('refuses %s', (entry) => {
    expect(allowedHostProblem(entry)).toMatch(/^must be host:port/);
  });
});
