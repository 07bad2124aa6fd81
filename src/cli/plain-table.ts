/** Plain tables: columns by spaces, no frames and no colours, so that they read well on a terminal and in a pipe. */
import Table from 'cli-table3';

const NO_FRAME = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

/** The rows below their head as text. Numbers stand to the right of their column. */
export function plainTable(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const table = new Table({
    head: [...head],
    chars: NO_FRAME,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: head.map((_, column) => (typeof rows[0]?.[column] === 'number' ? 'right' : 'left')),
  });
  for (const row of rows) table.push(row.map((cell) => printable(String(cell))));
  return table.toString().replace(/ +$/gm, '');
}

/** Names come from other people's catalogs: none of them may steer the terminal or break a row. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ');
}
