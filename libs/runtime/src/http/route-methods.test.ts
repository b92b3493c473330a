import { expect, it } from 'vitest';
import { createRouteMethods } from './route-methods.ts';

const routes = createRouteMethods();
routes.add('/', ['GET']);
routes.add('/v1/users/:user/devices', ['POST']);
routes.add('/v1/users/:user/devices', ['GET', 'HEAD']);
routes.add('/v1/users/:user/devices/:id', ['DELETE']);
routes.add('/static/*', ['GET']);

it.each([
  ['/', ['GET']],
  ['/v1/users/alice/devices', ['GET', 'HEAD', 'POST']],
  ['/v1/users/alice/devices/d1', ['DELETE']],
  ['/static/', ['GET']],
  ['/static/a/b.css', ['GET']],
  ['/v1/users//devices', []],
  ['/v1/users/alice', []],
  ['/v1/users/alice/devices/d1/more', []],
  ['/static', []],
  ['', []],
])('%s has %j', (path, methods) => {
  expect(routes.allowed(path)).toEqual(methods);
});
