export const BENCH_API_KEY = 'bk_bench_0123456789abcdefghijklmnopqrstuvwxyz';

/** What every request to the API carries. */
export const BENCH_HEADERS: Readonly<Record<string, string>> = {
  authorization: `Bearer ${BENCH_API_KEY}`,
  'content-type': 'application/json',
};

/** Of the API: the limit must not be what is measured. */
export const BENCH_RATE_LIMIT = { BELFRY_RATE_PER_SECOND: '1000000', BELFRY_RATE_BURST: '1000000' } as const;
