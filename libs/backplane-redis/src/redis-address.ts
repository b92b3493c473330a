/** Where the server is and who asks, as ioredis takes it. */
export type RedisAddress = {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  readonly username?: string;
  readonly password?: string;
};

const DEFAULT_PORT = 6_379;

/**
 * Reads a URL by itself instead of handing it to ioredis, which takes any of its own settings out of the query. Throws an error that names what is
 * wrong, without the URL: it may hold a password.
 */
export function parseRedisUrl(text: string): RedisAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const protocol = url?.protocol;
  if (url === undefined || (protocol !== 'redis:' && protocol !== 'rediss:') || url.hostname === '') {
    throw new Error('the Redis URL must look like redis://host:port or rediss://user:password@host:port');
  }
  if (url.search !== '' || url.hash !== '')
    throw new Error('the Redis URL must end after host and port: no ? and no #');
  if (!['', '/', '/0'].includes(url.pathname)) {
    throw new Error('the Redis URL must not name a database: channels are shared by all of them');
  }
  const username = decodeURIComponent(url.username);
  const password = decodeURIComponent(url.password);
  return {
    // An IPv6 address stands in brackets in a URL, and without them everywhere else.
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? DEFAULT_PORT : Number(url.port),
    isTls: protocol === 'rediss:',
    ...(username === '' ? {} : { username }),
    ...(password === '' ? {} : { password }),
  };
}
