import PDFDocument from 'pdfkit';
import { formatEuros, type Invoice, totalCents } from './invoice.ts';

const LEFT = 56;
const RIGHT = 539;
const TOP = 72;
const BOTTOM = 740;
const ROW = 20;
const INK = '#1c2330';
const FAINT = '#8a93a3';
const LINE = '#d7dbe2';

/** The invoice as a PDF of several A4 pages: a head, the lines with the table's head on every page, the total, page numbers. */
export function renderInvoice(invoice: Invoice): Promise<Buffer> {
  const document = new PDFDocument({
    size: 'A4',
    margin: 0,
    bufferPages: true,
    info: { Title: `Invoice ${invoice.number}`, Author: 'Example upstream', CreationDate: invoice.issuedAt },
  });
  const chunks: Buffer[] = [];
  const done = new Promise<Buffer>((resolve, reject) => {
    document.on('data', (chunk: Buffer) => chunks.push(chunk));
    document.on('end', () => resolve(Buffer.concat(chunks)));
    document.on('error', reject);
  });

  let y = drawHead(document, invoice);
  y = drawTableHead(document, y);
  for (const [index, line] of invoice.lines.entries()) {
    if (y > BOTTOM - ROW) {
      document.addPage();
      y = drawTableHead(document, TOP);
    }
    document.font('Helvetica').fontSize(10).fillColor(INK);
    document.text(String(index + 1), LEFT, y, { width: 24 });
    document.text(line.description, LEFT + 32, y, { width: 250 });
    document.text(String(line.quantity), 350, y, { width: 40, align: 'right' });
    document.text(formatEuros(line.unitCents), 395, y, { width: 66, align: 'right' });
    document.text(formatEuros(line.quantity * line.unitCents), 461, y, { width: 78, align: 'right' });
    y += ROW;
  }
  document.moveTo(LEFT, y).lineTo(RIGHT, y).lineWidth(1).strokeColor(INK).stroke();
  document.font('Helvetica-Bold').fontSize(12).fillColor(INK);
  document.text('Total', LEFT, y + 10);
  document.text(formatEuros(totalCents(invoice)), 395, y + 10, { width: 144, align: 'right' });

  const { count } = document.bufferedPageRange();
  for (let page = 0; page < count; page++) {
    document.switchToPage(page);
    document.font('Helvetica').fontSize(8).fillColor(FAINT);
    document.text(`${invoice.number}  ·  page ${page + 1} of ${count}`, LEFT, 790, {
      width: RIGHT - LEFT,
      align: 'center',
    });
  }
  document.end();
  return done;
}

function drawHead(document: PDFKit.PDFDocument, invoice: Invoice): number {
  document.font('Helvetica-Bold').fontSize(26).fillColor(INK).text('Invoice', LEFT, TOP);
  document.font('Helvetica').fontSize(10).fillColor(FAINT);
  document.text(invoice.number, 340, TOP + 4, { width: RIGHT - 340, align: 'right' });
  document.text(invoice.issuedAt.toISOString().slice(0, 10), 340, TOP + 18, { width: RIGHT - 340, align: 'right' });
  document.fillColor(INK).text(`For ${invoice.customer}`, LEFT, TOP + 44);
  return TOP + 84;
}

function drawTableHead(document: PDFKit.PDFDocument, y: number): number {
  document.font('Helvetica-Bold').fontSize(9).fillColor(FAINT);
  document.text('#', LEFT, y);
  document.text('Description', LEFT + 32, y);
  document.text('Qty', 350, y, { width: 40, align: 'right' });
  document.text('Unit', 395, y, { width: 66, align: 'right' });
  document.text('Amount', 461, y, { width: 78, align: 'right' });
  document
    .moveTo(LEFT, y + 14)
    .lineTo(RIGHT, y + 14)
    .lineWidth(0.5)
    .strokeColor(LINE)
    .stroke();
  return y + 22;
}
