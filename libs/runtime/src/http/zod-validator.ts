import type { FastifySchemaCompiler } from 'fastify';
import type { z } from 'zod';
import { type RequestPart, validationProblem } from './validation-problem.ts';

/** Checks one part of a request; the first issue becomes the problem document. */
export const validatorCompiler: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  const part = (httpPart ?? 'body') as RequestPart;
  return (data) => {
    const parsed = schema.safeParse(data);
    return parsed.success ? { value: parsed.data } : { error: validationProblem(parsed.error, part) };
  };
};
