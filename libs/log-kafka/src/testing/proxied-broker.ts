import { freePort } from '@belfry/testing/free-port';
import type { LaunchedKafka, LaunchKafka } from '@belfry/testing/launch-kafka';
import { type FaultyProxy, startToxiproxy } from '@belfry/testing/toxiproxy';

export type ProxiedBroker = { readonly kafka: LaunchedKafka; readonly proxy: FaultyProxy; stop(): Promise<void> };

/** A broker that sends its clients to a proxy before it; its `directBrokers` go past that. `toxiproxy`: the command. */
export async function startProxiedBroker(launch: LaunchKafka, toxiproxy: string): Promise<ProxiedBroker> {
  const proxies = await startToxiproxy(toxiproxy);
  const port = await freePort();
  const kafka = await launch({ advertised: `127.0.0.1:${port}` });
  const proxy = await proxies.createProxy({ upstream: `127.0.0.1:${kafka.port}`, port });
  return {
    kafka,
    proxy,
    async stop() {
      await Promise.all([proxies.stop(), kafka.stop()]);
    },
  };
}
