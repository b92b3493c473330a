export { addInvoiceUpstream, type InvoiceUpstreamOptions } from './invoice-upstream.ts';
