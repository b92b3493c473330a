import type { Log } from '@belfry/core/log';
import { isUnavailable } from '@belfry/core/unavailable-error';

/**
 * That many appends of one record at once, all to one partition, each made again until it is confirmed. Their values are ids, `from` upwards. Resolves with the id that was
 * confirmed at each position, `partition/offset`: as many as there were appends, or some were confirmed at one position.
 */
export async function appendBurst(
  log: Log,
  logTopic: string,
  { appends, from }: { readonly appends: number; readonly from: number },
): Promise<ReadonlyMap<string, number>> {
  const positions = new Map<string, number>();
  const appendUntilConfirmed = async (id: number): Promise<void> => {
    for (;;) {
      try {
        const [position] = await log.append(logTopic, [{ key: 'one', value: Buffer.from(String(id)) }]);
        positions.set(`${position?.partition}/${position?.offset}`, id);
        return;
      } catch (error) {
        if (!isUnavailable(error)) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: appends }, (_, index) => appendUntilConfirmed(from + index)));
  return positions;
}
