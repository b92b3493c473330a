import { type ClientFrame, clientFrameSchema } from '@belfry/protocol/frames';

export type Inbound =
  | { readonly ok: true; readonly frame: ClientFrame }
  /** `detail` is for the client: it names the field, never quotes the frame. */
  | { readonly ok: false; readonly detail: string };

export function parseInbound(text: string): Inbound {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, detail: 'The frame is not JSON.' };
  }
  const result = clientFrameSchema.safeParse(value);
  if (result.success) return { ok: true, frame: result.data };
  const [issue] = result.error.issues;
  const field = issue === undefined || issue.path.length === 0 ? 'frame' : `/${issue.path.join('/')}`;
  return { ok: false, detail: `${field}: ${issue?.message ?? 'not valid'}` };
}
