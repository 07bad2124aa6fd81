/**
 * The browser for tests of what runs in one: Debian's Chromium. Tests that need it say so in their names and are skipped
 * where it is missing; `.ci/run` installs it where it can.
 */
import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

const executablePath = '/usr/bin/chromium';

/** False where there is none; a test that needs it is then skipped. */
export const hasChromium = existsSync(executablePath);

/** What a program of its age asks of the network on its own is turned off. */
const ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath, args: ARGS });
}
