/**
 * `GET /docs`: the OpenAPI document as a page to read and to try, by Swagger UI. Its files are those of the package
 * `swagger-ui-dist` beside this one, read when they are asked for; the page asks nothing of any other place.
 */
import { readFile } from 'node:fs/promises';
import { shown } from '../base/validate.ts';
import { HttpError } from './errors.ts';
import type { Operation } from './operation.ts';

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Doorrank</title>
    <link rel="stylesheet" href="docs/swagger-ui.css">
    <link rel="stylesheet" href="docs/index.css">
    <link rel="icon" type="image/png" href="docs/favicon-32x32.png">
  </head>
  <body>
    <div id="reference"></div>
    <script src="docs/swagger-ui-bundle.js"></script>
    <script src="docs/start.js"></script>
  </body>
</html>
`;

/** Without the validator, which would send the document to its makers. */
const START = `SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#reference',
  deepLinking: true,
  displayRequestDuration: true,
  validatorUrl: null,
});
`;

const JAVASCRIPT = 'text/javascript; charset=utf-8';
const CSS = 'text/css; charset=utf-8';

/** Files of Swagger UI by name, with their content types. */
const SWAGGER_FILES: ReadonlyMap<string, string> = new Map([
  ['swagger-ui-bundle.js', JAVASCRIPT],
  ['swagger-ui.css', CSS],
  ['index.css', CSS],
  ['favicon-32x32.png', 'image/png'],
]);

const HEADERS = {
  // Browsers keep what they have, and ask whether it is still the same: an upgrade is seen at once.
  'cache-control': 'no-cache',
  'x-content-type-options': 'nosniff',
};

const START_INIT = { headers: { ...HEADERS, 'content-type': JAVASCRIPT } };

/** Scripts, styles and answers of this server only; the pictures in the styles are `data:`. Nobody may frame it. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export function docsPage(): Operation {
  const headers = {
    ...HEADERS,
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': POLICY,
    'referrer-policy': 'no-referrer',
  };
  return {
    document: { operationId: 'docsPage', hide: true, responses: {} },
    handle: () => new Response(PAGE, { headers }),
  };
}

export function docsFile(): Operation {
  let etag: string | undefined; // of all files of Swagger UI, which change with its version
  return {
    document: { operationId: 'docsFile', hide: true, responses: {} },
    handle: async ({ req, env }) => {
      const name = req.param('file')!;
      if (name === 'start.js') return new Response(START, START_INIT);
      const type = SWAGGER_FILES.get(name);
      if (type === undefined) throw new HttpError(404, 'not_found', `/docs has no file ${shown(name)}`);
      etag ??= `"${await swaggerVersion()}"`;
      const headers = { ...HEADERS, 'content-type': type, etag };
      if (env.incoming.headers['if-none-match'] === etag) return new Response(null, { status: 304, headers });
      return new Response(await readSwaggerFile(name), { headers });
    },
  };
}

async function swaggerVersion(): Promise<string> {
  const { version } = JSON.parse((await readSwaggerFile('package.json')).toString()) as { version: string };
  return version;
}

function readSwaggerFile(name: string): Promise<Buffer<ArrayBuffer>> {
  return readFile(new URL(name, import.meta.resolve('swagger-ui-dist/package.json')));
}
