// What a page or a script may need next, fetched while the browser has nothing else to do, where device and connection
// allow it. Nothing that is fetched runs before it is asked for.

const fetched = new Set();

/** `load` imports what may be needed, and does nothing else: `mayNeed(() => import("./editor"))`. */
export function mayNeed(load) {
  whenIdle(() => {
    // While this list is there, imports tell what they need and do not happen.
    const needs = (self["sitekit:needs"] = []);
    try {
      load();
    } finally {
      delete self["sitekit:needs"];
    }
    for (const need of needs) {
      const [name, integrity] = need.split(" ");
      fetchOnce(new URL(name, import.meta.url).href, integrity ? "style" : "script");
    }
  });
}

/** What the `<link rel="may-need">` of the page name. */
export function readPage() {
  whenIdle(() => {
    for (const { href, dataset } of document.querySelectorAll("link[rel=may-need]")) {
      for (const [names, kind] of [[dataset.scripts, "script"], [dataset.styles, "style"], [href, ""]]) {
        for (const name of names?.match(/\S+/g) ?? []) fetchOnce(new URL(name, document.baseURI).href, kind);
      }
    }
  });
}

function fetchOnce(href, kind) {
  // What the page has fetched itself is among its resources.
  if (fetched.has(href) || href == location.href || performance.getEntriesByName(href).length) return;
  fetched.add(href);
  const link = document.createElement("link");
  if (kind == "script" && link.relList.supports("modulepreload")) link.rel = "modulepreload";
  else {
    link.rel = "prefetch";
    if (kind) link.as = kind;
  }
  link.fetchPriority = "low";
  link.href = href;
  document.head.append(link);
}

function whenIdle(act) {
  if (!self.document) return;
  const { connection, deviceMemory } = navigator;
  if (connection?.saveData || /2g/.test(connection?.effectiveType) || deviceMemory < 1) return;
  if (document.readyState != "complete") addEventListener("load", () => whenIdle(act), { once: true });
  else if (document.hidden) document.addEventListener("visibilitychange", () => whenIdle(act), { once: true });
  else if (self.requestIdleCallback) requestIdleCallback(act);
  else setTimeout(act, 200);
}
