/** An invoice as the accounting of an upstream would have it. Amounts are in cents. */
export type Invoice = {
  readonly number: string;
  readonly customer: string;
  readonly issuedAt: Date;
  readonly lines: readonly InvoiceLine[];
};

export type InvoiceLine = { readonly description: string; readonly quantity: number; readonly unitCents: number };

const ARTICLES: readonly (readonly [string, number])[] = [
  ['Web Push deliveries, per 1,000', 40],
  ['Live connections, per day', 125],
  ['FCM deliveries, per 1,000', 55],
  ['Dead letter review', 9_500],
  ['Operator training, per hour', 14_000],
  ['Support, per month', 49_900],
];

const LINES = 96;

/** An invoice of several pages; the same number always has the same lines. */
export function makeInvoice(number: string, customer: string, issuedAt: Date): Invoice {
  const seed = [...number].reduce((sum, char) => (sum * 31 + (char.codePointAt(0) ?? 0)) % 9_973, 7);
  const lines = Array.from({ length: LINES }, (_, index) => {
    const [description, unitCents] = ARTICLES[(seed + index * 5) % ARTICLES.length] ?? ['', 0];
    return { description, quantity: 1 + ((seed * (index + 1)) % 12), unitCents };
  });
  return { number, customer, issuedAt, lines };
}

export function totalCents(invoice: Invoice): number {
  return invoice.lines.reduce((sum, line) => sum + line.quantity * line.unitCents, 0);
}

export function formatEuros(cents: number): string {
  return `${(cents / 100).toLocaleString('en-US', { minimumFractionDigits: 2 })} EUR`;
}
