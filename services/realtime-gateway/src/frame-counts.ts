import type { GatewayMetrics } from './gateway-metrics.ts';
import type { Written } from './outbound-queue.ts';
import type { Transport } from './transport.ts';
import type { TurnFlush } from './turn-flush.ts';

/** Counts written frames. Told to the metrics once a turn: finding a labelled counter costs as much as sending a frame. */
export function createFrameCounts(metrics: GatewayMetrics | undefined, turn: TurnFlush) {
  const counts = {
    websocket: { notification: 0, control: 0 },
    sse: { notification: 0, control: 0 },
  };
  let scheduled = false;

  const report = (): void => {
    scheduled = false;
    for (const [transport, byType] of Object.entries(counts)) {
      for (const [type, count] of Object.entries(byType)) {
        if (count > 0) metrics?.framesSent.inc({ transport, type }, count);
      }
      byType.notification = 0;
      byType.control = 0;
    }
  };

  return (kind: Transport['kind'], { notifications, controls }: Written): void => {
    if (metrics === undefined) return;
    counts[kind].notification += notifications;
    counts[kind].control += controls;
    if (scheduled) return;
    scheduled = true;
    turn.add(report);
  };
}
