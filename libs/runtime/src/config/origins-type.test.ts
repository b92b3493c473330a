import { describe, expect, it } from 'vitest';
import { origins } from './origins-type.ts';

describe('origins', () => {
  it.each([
    ['https://app.example', 'https://app.example'],
    ['https://App.Example:443/', 'https://app.example'],
    ['http://localhost:80,http://127.0.0.1:8080', 'http://localhost,http://127.0.0.1:8080'],
    ['http://[::1]:8080', 'http://[::1]:8080'],
    ['https://bücher.example', 'https://xn--bcher-kva.example'],
    ['capacitor://localhost, chrome-extension://abcdef', 'capacitor://localhost,chrome-extension://abcdef'],
    ['*', '*'],
    ['none', ''],
  ])('takes %s and means %s, as browsers send it', (text, expected) => {
    const value = expected === '' ? [] : expected.split(',');
    expect(origins({ pages: 'any' }).parse(text)).toEqual({ ok: true, value });
  });

  it.each([
    'foo',
    'app.example',
    'https://app.example/path',
    'https://app.example?x',
    'https://*.example',
    'https://user@app.example',
    'https://',
    'null',
    'https://a.example,,https://b.example',
    'https://a.example,b',
    'https://a.example:port',
  ])('refuses %s, which no page could match', (text) => {
    expect(origins({ pages: 'any' }).parse(text)).toEqual({ ok: false });
  });

  it.each(['*', 'capacitor://localhost'])('takes %s for no page of the web', (text) => {
    expect(origins({ pages: 'web' }).parse(text)).toEqual({ ok: false });
  });
});
