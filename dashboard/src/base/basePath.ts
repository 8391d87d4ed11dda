/**
 * The path under which this page was served: `/`, or what a proxy shows it under, such as `/sx/`. The
 * server writes it into index.html; no address in the dashboard may begin at the root by itself.
 */
export function basePath(page: Document | undefined = globalThis.document): string {
  const said = page?.querySelector<HTMLMetaElement>('meta[name="surveillx-base"]')?.content ?? '/';
  return said.endsWith('/') ? said : `${said}/`;
}

/** An address of ours, `/api/cameras`, as the browser has to ask for it: `/sx/api/cameras`. */
export function withBase(path: string, base = basePath()): string {
  return path.startsWith('/') ? base + path.slice(1) : path;
}

/** The reverse, for the address bar; an address outside of the base is left as it is. */
export function withoutBase(path: string, base = basePath()): string {
  if (path.startsWith(base)) return path.slice(base.length - 1);
  return path === base.slice(0, -1) ? '/' : path;
}
