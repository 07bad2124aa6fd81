/** Pictures made of text alone, so that they need no library where they are made and no style where they are shown. */

/** What plots are drawn in. */
export const PLOT_COLOR = Object.freeze({
  subject: '#d1495b',
  other: '#8d99ae',
  text: '#22223b',
  faint: '#6c757d',
  line: '#dee2e6',
});

/** A picture on white; sizes in pixels. */
export function svgDocument(width: number, height: number, parts: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
      'font-family="system-ui, sans-serif" font-size="12">',
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

/** `more`: further attributes. */
export function svgText(x: number, y: number, content: string, color: string, more = ''): string {
  return `<text x="${x}" y="${y}" fill="${color}"${more && ` ${more}`}>${escaped(content)}</text>`;
}

export function svgLine(x1: number, y1: number, x2: number, y2: number, color: string, more = ''): string {
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="${color}"${more && ` ${more}`}/>`;
}

/** A tenth of a pixel. */
export function roundPixels(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
