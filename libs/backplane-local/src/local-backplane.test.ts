import { describeBackplane } from '@belfry/testing/backplane-contract';
import { createLocalBackplane } from './local-backplane.ts';

describeBackplane('local', async () => {
  const backplane = createLocalBackplane();
  return { open: async () => backplane };
});
