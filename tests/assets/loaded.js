// What the open page has loaded of scripts, style sheets and what they name, and by which integrity.

const integrity = {};
for (const element of document.querySelectorAll("script[src], link[rel~=stylesheet], link[rel=modulepreload]")) {
  integrity[new URL(element.src || element.href).pathname] = element.integrity;
}
for (const map of document.querySelectorAll("script[type=importmap]")) {
  for (const [url, hash] of Object.entries(JSON.parse(map.textContent).integrity ?? {})) {
    integrity[new URL(url, document.baseURI).pathname] = hash;
  }
}

const loaded = {};
for (const { name, initiatorType } of performance.getEntriesByType("resource")) {
  const { origin, pathname } = new URL(name);
  if (origin !== location.origin || pathname.endsWith("/") || pathname.endsWith(".html")) continue;
  // What a script reads for itself is no asset.
  if (initiatorType === "fetch" && pathname.endsWith(".json")) continue;
  loaded[pathname] = /\/worker\.[^/]*\.js$/.test(pathname) ? "worker" : initiatorType;
}

return { integrity, loaded };
