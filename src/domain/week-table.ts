/** A plain weekly table of opening hours, for those who keep one: another way to write an `opening_hours` text. */

const WEEKDAYS = ['Mo', 'Tu', 'We', 'Th', 'Fr', 'Sa', 'Su'];
const SPAN = /^\d{1,2}:\d\d-\d{1,2}:\d\d$/;

/** What a table must be, for messages. */
export const WEEK_TABLE_EXPECTED =
  'text or a weekly table such as {"Mo":["11:00-15:00","17:00-02:00"],"Tu":[]}; a day left out is closed';

/** `Mo 11:00-15:00,17:00-02:00; Tu …` of a table, or undefined if it is none. A day without spans is closed. */
export function weekTableText(table: unknown): string | undefined {
  if (typeof table !== 'object' || table === null || Array.isArray(table)) return undefined;
  // A table with a column for every day says null of those that it leaves out.
  const days = Object.entries(table).filter(([, spans]) => spans !== null && spans !== undefined);
  const isTable = days.every(
    ([day, spans]) =>
      WEEKDAYS.includes(day) &&
      Array.isArray(spans) &&
      spans.every((span) => typeof span === 'string' && SPAN.test(span)),
  );
  if (!isTable) return undefined;
  const open = days
    .filter(([, spans]) => spans.length > 0)
    .map(([day, spans]) => `${day} ${spans.join(',')}`);
  return open.length === 0 ? 'off' : open.join('; ');
}
