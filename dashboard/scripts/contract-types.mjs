/**
 * Makes src/api/contract.ts, the TypeScript types of the HTTP API, from contracts/http.openapi.yaml.
 * The file is not kept in git: build, typecheck and tests make it anew, so that it cannot be older than
 * the contract, and a contract that the dashboard does not keep to fails the typecheck.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import openapiTS, { astToString } from 'openapi-typescript';

const contract = new URL('../../contracts/http.openapi.yaml', import.meta.url);
const target = fileURLToPath(new URL('../src/api/contract.ts', import.meta.url));

const types = await openapiTS(contract);
const text = `/** Made from contracts/http.openapi.yaml by scripts/contract-types.mjs. */\n\n${astToString(types)}`;
const before = await readFile(target, 'utf8').catch(() => '');
// Left alone when nothing has changed, so that nobody builds anew for it. Renamed into place, since a
// test and a typecheck may make it at the same time.
if (text !== before) {
  await writeFile(`${target}.${process.pid}`, text);
  await rename(`${target}.${process.pid}`, target);
}
