import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';
import { errorPage } from './error-page.ts';
import type { HttpApp } from './http-app.ts';

export type ApiDocumentsOptions = { readonly title: string; readonly version: string };

/** OpenAPI 3.1 at `/openapi.json` from the routes' schemas, readable at `/docs` with assets that ship with the package. */
export async function addApiDocuments(app: HttpApp, { title, version }: ApiDocumentsOptions): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title, version },
      components: {
        securitySchemes: {
          apiKey: { type: 'http', scheme: 'bearer', description: 'An API key, `bk_<id>_<secret>`.' },
          userToken: {
            type: 'http',
            scheme: 'bearer',
            bearerFormat: 'JWT',
            description: 'A token whose `sub` is the user.',
          },
        },
      },
    },
    transform: jsonSchemaTransform,
  });
  await app.register(swaggerUi, { routePrefix: '/docs', uiConfig: { url: '/openapi.json' }, staticCSP: true });
  const page = errorPage();
  app.get('/docs/errors', { schema: { hide: true } }, (_request, reply) => reply.type('text/html').send(page));
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
}
