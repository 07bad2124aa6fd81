/** Brings a searched text to the form under which keywords are stored and found. */

/** Unicode NFKC, lower case, single spaces, none around. The result may be empty. */
export function normalizeKeyword(text: string): string {
  return text.normalize('NFKC').toLowerCase().normalize('NFKC').replace(/\s+/gu, ' ').trim();
}
