import type { FastifyReply, FastifyRequest } from 'fastify';
import { errorAnswer } from './error-answer.ts';
import type { HttpApp } from './http-app.ts';
import { ProblemError, problemDocument, problemHeaders } from './problem.ts';
import { createRouteMethods } from './route-methods.ts';

/** Ends a request with the problem document of an error, whatever was thrown. */
export type ProblemAnswer = (error: unknown, request: FastifyRequest, reply: FastifyReply) => void;

/** `bodyLimitBytes` is what a route without a limit of its own has. */
export function createProblemAnswer(bodyLimitBytes: number): ProblemAnswer {
  return (error, request, reply) => {
    const { code, options, fault } = errorAnswer(error, request.routeOptions.bodyLimit ?? bodyLimitBytes);
    if (fault)
      request.log.error({ err: error, reqId: request.id, route: request.routeOptions.url, code }, 'request failed');
    const document = problemDocument(code, options, request.id);
    reply
      .code(document.status)
      .headers(problemHeaders(options))
      .type('application/problem+json')
      .serializer(JSON.stringify)
      .send(document);
  };
}

/** Problem documents for what routes throw, for paths that do not exist and for methods that a path does not have. */
export function addProblemAnswers(app: HttpApp, answer: ProblemAnswer): void {
  const routes = createRouteMethods();
  // OPTIONS is the CORS preflight's, on every path there may be: it does not make a path exist.
  app.addHook('onRoute', (route) => {
    const methods = [route.method].flat().filter((method) => method !== 'OPTIONS');
    if (methods.length > 0) routes.add(route.url, methods);
  });
  app.setErrorHandler(answer);
  app.setNotFoundHandler((request, reply) => answer(noRoute(request, routes.allowed), request, reply));
}

function noRoute(request: FastifyRequest, allowedOn: (path: string) => readonly string[]): ProblemError {
  const [path = ''] = request.url.split('?');
  const allowed = allowedOn(path).join(', ');
  if (allowed === '') return new ProblemError('not_found', { detail: 'There is no such route.' });
  return new ProblemError('method_not_allowed', { detail: `The route has ${allowed}.`, headers: { allow: allowed } });
}
