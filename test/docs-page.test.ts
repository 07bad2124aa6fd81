/** The page at /docs in a real browser: it shows every route, asks the server, and nobody else. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium, launchChromium } from './chromium.ts';
import { openTown, type Town } from './http-town.ts';

const TOKEN = 'open sesame';

describe.skipIf(!hasChromium)('with /usr/bin/chromium', () => {
  let browser: Browser;
  const towns: Town[] = [];
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser.close();
    await Promise.all(towns.map((town) => town.close()));
  });

  interface Visit {
    readonly town: Town;
    readonly page: Page;
    /** URLs of every request of the page. */
    readonly requests: readonly string[];
    /** What the page complained of. */
    readonly complaints: readonly string[];
  }

  /** Opens /docs of a town of its own. */
  async function visit(options: { readonly token?: string } = {}): Promise<Visit> {
    const town = await openTown(['town'], options);
    towns.push(town);
    const page = await browser.newPage();
    page.setDefaultTimeout(0); // the test has its own limit
    const requests: string[] = [];
    const complaints: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(`${town.url}/docs`);
    await page.locator('.opblock').first().waitFor();
    return { town, page, requests, complaints };
  }

  function operationOf(page: Page, operationId: string) {
    return page.locator(`.opblock[id$="-${operationId}"]`);
  }

  /** Opens an operation and sends its example; the status that the page then shows. */
  async function tryOut(page: Page, operationId: string): Promise<string> {
    const operation = operationOf(page, operationId);
    await operation.locator('.opblock-summary-control').click();
    await operation.getByRole('button', { name: 'Try it out' }).click();
    await operation.getByRole('button', { name: 'Execute' }).click();
    const answered = operation.locator('.live-responses-table tbody .response-col_status');
    return (await answered.innerText()).trim();
  }

  test('it shows every operation of the document, and asks nothing of any other place', async () => {
    const { town, page, requests, complaints } = await visit();
    const { body } = await town.ask('GET', '/openapi.json');
    const documented = Object.entries<Record<string, { operationId: string }>>(body.paths).flatMap(
      ([path, methods]) =>
        Object.entries(methods).map(([method, { operationId }]) => ({ operationId, method, path })),
    );
    const methods = await page.locator('.opblock-summary-method').allInnerTexts();
    const paths = await page.locator('.opblock-summary-path').allInnerTexts();
    const shown = methods.map((method, i) => `${method.toLowerCase()} ${paths[i]!.replaceAll('\u200b', '')}`);
    expect(shown.sort()).toEqual(documented.map(({ method, path }) => `${method} ${path}`).sort());
    for (const { operationId } of documented) {
      const operation = operationOf(page, operationId);
      // Without a wait for the end of the animations, and closed again: a long page is slow to draw.
      await operation.locator('.opblock-summary-control').dispatchEvent('click');
      await operation.locator('.responses-table').first().waitFor();
      await operation.locator('.opblock-summary-control').dispatchEvent('click');
    }
    expect(await tryOut(page, 'recommend')).toBe('200');
    const answer = operationOf(page, 'recommend').locator('.live-responses-table .highlight-code').first();
    expect(await answer.innerText()).toContain('"version": "town"');
    expect(await page.getByRole('button', { name: 'Authorize' }).count()).toBe(0);
    expect(requests).toContain(`${town.url}/v1/recommendations`);
    expect(requests.filter((url) => !url.startsWith(`${town.url}/`))).toEqual([]);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('where the server asks for a token, it takes one', async () => {
    const { page } = await visit({ token: TOKEN });
    await page.getByRole('button', { name: 'Authorize' }).first().click();
    const dialog = page.locator('.modal-ux');
    await dialog.locator('input').fill(TOKEN);
    await dialog.getByRole('button', { name: 'Apply' }).click();
    await dialog.getByRole('button', { name: 'Close' }).click();
    expect(await tryOut(page, 'listSnapshots')).toBe('200');
    await page.close();
  });
});
