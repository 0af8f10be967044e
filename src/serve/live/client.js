// What a page runs in development: it hears of new generations of its site, asks for itself again, and changes what differs.
//
// The page as it was served before is compared with the page as it is served now, and only what differs between the two is
// done to the document: what a visitor or a script did to it (an open `details`, what was typed, a class) stays. Where that
// cannot be done (scripts, a policy, a part that a script has rewritten), the page is loaded again.

const { site, generation: loaded } = document.currentScript.dataset;
const root = "/@sitekit//";
// The document's own address: a script may show another one since.
const { pathname, search } = location;
// Where markup is only taken from those a policy names.
const trusted = window.trustedTypes?.createPolicy("sitekit", { createHTML: (text) => text });

class Reload extends Error {}
class Gone extends Error {}
const reload = (why) => { throw new Reload(why); };

let generation = loaded;
let sites;
let source;
// One thing after another.
let queue = Promise.resolve();
const then = (task) => {
  queue = queue.then(task).catch((error) => {
    // The server may come back, and says then what happened.
    if (error instanceof Gone) return;
    console[error instanceof Reload ? "info" : "warn"]("[sitekit] the page is loaded again:", error);
    modules()?.emit("vite:beforeFullReload", { type: "full-reload", path: pathname });
    location.reload();
  });
};

// The page as it is served, without this script.
async function served() {
  const answer = await fetch(`${root}page${pathname}${search}`, { cache: "no-store" }).catch(() => { throw new Gone(); });
  const policy = answer.headers.get("content-security-policy") ?? "";
  return {
    generation: answer.headers.get("sitekit-generation") ?? "",
    // What is in a page is in its policy by hash; another hash alone is no other policy.
    frame: answer.status + policy.replace(/'(sha\d+|nonce)-[^']*'/g, ""),
    text: await answer.text(),
  };
}

const parse = (text) => new DOMParser().parseFromString(trusted ? trusted.createHTML(text) : text, "text/html");

// ------------------------------------------------------------------------------------------------------------------
// Morphing

const isElement = (node) => node.nodeType === 1;
const isSheet = (node) => node.localName === "link" && node.relList.contains("stylesheet");
const isScript = (node) => node.localName === "script" && !/^application\/(ld\+)?json$/i.test(node.type);

// How likely two nodes are one and the same at two times; 0 is never.
function likeness(one, other) {
  if (one.nodeType !== other.nodeType || one.nodeName !== other.nodeName) return 0;
  if (one.isEqualNode(other)) return 4;
  if (!isElement(one)) return 1;
  if (one.localName === "link" && one.rel !== other.rel) return 0;
  if (one.id || other.id) return one.id === other.id ? 3 : 0;
  return one.className === other.className ? 2 : 1;
}

// Pairs nodes of two lists in their order, as many and as like ones as can be.
function pair(ones, others) {
  const pairs = new Map();
  let [start, end, last] = [0, ones.length, others.length];
  while (start < end && start < last && likeness(ones[start], others[start]) === 4) pairs.set(ones[start], others[start++]);
  while (end > start && last > start && likeness(ones[end - 1], others[last - 1]) === 4) pairs.set(ones[--end], others[--last]);
  const [rows, columns] = [end - start, last - start];
  if (rows * columns > 250_000) reload("too much differs");
  const like = [];
  // What can be reached from each place on.
  const best = Array.from({ length: rows + 1 }, () => new Uint32Array(columns + 1));
  for (let row = rows - 1; row >= 0; row--) {
    like[row] = [];
    for (let column = columns - 1; column >= 0; column--) {
      const now = (like[row][column] = likeness(ones[start + row], others[start + column]));
      const both = now && now + best[row + 1][column + 1];
      best[row][column] = Math.max(both, best[row + 1][column], best[row][column + 1]);
    }
  }
  for (let row = 0, column = 0; row < rows && column < columns; ) {
    const now = like[row][column];
    if (now && best[row][column] === now + best[row + 1][column + 1]) pairs.set(ones[start + row++], others[start + column++]);
    else if (best[row][column] === best[row + 1][column]) row++;
    else column++;
  }
  return pairs;
}

// Does to `live` what makes `next` of `old`, and gives the node that stands there then. `loads` is what is to be waited for.
function morph(live, old, next, loads) {
  if (old.isEqualNode(next)) return live;
  if (!isElement(old)) {
    live.data = next.data;
    return live;
  }
  if (isScript(old) || isScript(next)) return succeed(live, old, next);
  if (isSheet(next)) {
    const link = document.importNode(next);
    loads.push(swap(live, link));
    return link;
  }
  if (live.shadowRoot && old.querySelector(":scope > template[shadowrootmode]")) reload("a shadow root");
  if (["noscript", "template"].includes(old.localName)) {
    const made = create(next);
    live.replaceWith(made);
    return made;
  }
  for (const { name, value } of next.attributes) {
    if (old.getAttribute(name) === value) continue;
    // A policy may forbid the attribute, and not this.
    if (name === "style") live.style.cssText = value;
    else if (name !== "class") live.setAttribute(name, value);
  }
  for (const { name } of old.attributes) if (name !== "class" && !next.hasAttribute(name)) live.removeAttribute(name);
  // Scripts have added some.
  live.classList.remove(...[...old.classList].filter((name) => !next.classList.contains(name)));
  live.classList.add(...[...next.classList].filter((name) => !old.classList.contains(name)));
  children(live, old, next, loads);
  return live;
}

// The modules of the page, where they can be replaced (`assets/scripts/hot/runtime.js`).
const modules = () => globalThis[Symbol.for("sitekit.hot")];

// Scripts whose modules are to take the place of those that run, once the page is as it should be.
let successors = new Set();

function succeed(live, old, next) {
  const rest = (script) => {
    const bare = script.cloneNode();
    for (const name of ["src", "integrity"]) bare.removeAttribute(name);
    return bare.outerHTML;
  };
  const url = (script) => script.hasAttribute("src") && new URL(script.getAttribute("src"), document.baseURI).href;
  // What it says of files that were not asked for yet: there are others now.
  if (old.type === "importmap" && next.type === "importmap" && modules()) {
    const imports = (script) => JSON.stringify({ ...JSON.parse(script.textContent), integrity: undefined });
    if (imports(old) === imports(next)) return live;
  }
  const isSame = old.type === "module" && rest(old) === rest(next) && url(old) && url(next);
  if (!isSame || !modules()?.knows(url(old))) reload("a script");
  successors.add(url(next));
  // Whatever it says now, it has run; and trusted types forbid to change it.
  return live;
}

function children(live, old, next, loads) {
  const [places, successors] = [pair([...old.childNodes], [...live.childNodes]), pair([...old.childNodes], [...next.childNodes])];
  const from = new Map([...successors].map(([was, is]) => [is, was]));
  if (!old.hasChildNodes() && live.hasChildNodes()) reload("a part that a script has made");
  let at = null;
  for (const is of next.childNodes) {
    const was = from.get(is);
    const place = places.get(was);
    if (place) {
      at = morph(place, was, is, loads);
    } else if (!was) {
      const made = create(is);
      if (isSheet(is)) loads.push(arrival(made));
      if (at) at.after(made);
      else live.prepend(made);
      at = made;
    } else if (!was.isEqualNode(is)) {
      reload("a part that a script has rewritten");
    }
  }
  for (const was of old.childNodes) {
    if (successors.has(was)) continue;
    if (isScript(was)) reload("a script");
    places.get(was)?.remove();
  }
}

// A node of another document, for this one.
function create(node) {
  if (isElement(node) && (isScript(node) || [...node.querySelectorAll("script")].some(isScript))) reload("a script");
  const made = document.importNode(node, true);
  if (isElement(made)) {
    for (const one of [made, ...made.querySelectorAll("[style]")]) {
      if (one.hasAttribute("style")) one.style.cssText = one.getAttribute("style");
    }
  }
  return made;
}

// ------------------------------------------------------------------------------------------------------------------
// Files

// Once a style sheet is there, or cannot be had.
const arrival = (link) =>
  new Promise((done) => {
    link.addEventListener("load", done);
    link.addEventListener("error", done);
    // One for another medium may be never asked for.
    setTimeout(done, 5000);
  });

// The old one stays until the new one is there, so that the page is never without.
function swap(old, link) {
  leaving.add(old);
  old.after(link);
  return arrival(link).then(() => old.remove());
}

const leaving = new WeakSet();

const path = (url) => {
  try {
    const { origin, pathname } = new URL(url, document.baseURI);
    return origin === location.origin ? decodeURIComponent(pathname) : "";
  } catch {
    return "";
  }
};

const sheets = () => [...document.querySelectorAll("link")].filter((link) => isSheet(link) && !leaving.has(link));

function renew(link, url) {
  const fresh = link.cloneNode();
  // Those of the page as it was: of another file.
  fresh.removeAttribute("integrity");
  fresh.href = url;
  return swap(link, fresh);
}

// Files that have the name they had, and are others. What the page does with one tells what is to be done.
async function replace(files) {
  const used = new Map(performance.getEntriesByType("resource").map((entry) => [path(entry.name), entry.initiatorType]));
  const loads = [];
  for (const file of files) {
    const at = path(file.path);
    const fresh = `${file.path}?${generation}`;
    if (file.was) {
      // A style sheet that a script has put there; the page's own were morphed.
      for (const link of sheets()) if (path(link.href) === path(file.was)) loads.push(renew(link, file.path));
    } else if (file.kind === "style") {
      const own = sheets().filter((link) => path(link.href) === at);
      // One that another one imports.
      if (!own.length && used.has(at)) own.push(...sheets().filter((link) => path(link.href)));
      for (const link of own) loads.push(renew(link, `${new URL(link.href).pathname}?${generation}`));
    } else if (file.kind === "image") {
      if (used.get(at) === "css") reload("an image of a style sheet");
      for (const image of document.querySelectorAll("[src], [srcset], [poster], link[rel~=icon], image, use")) {
        for (const name of ["src", "poster", "href"]) {
          const value = image.getAttribute(name);
          if (value && path(value) === at) image.setAttribute(name, fresh + (/#.*/.exec(value) ?? ""));
        }
        const set = image.getAttribute("srcset");
        const renewed = set?.replace(/(^|,\s*)([^\s,]+)/g, (all, before, url) => (path(url) === at ? before + fresh : all));
        if (renewed && renewed !== set) image.setAttribute("srcset", renewed);
      }
    } else if (used.has(at)) {
      reload("a file that the page has read");
    }
  }
  await Promise.all(loads);
}

// ------------------------------------------------------------------------------------------------------------------
// Messages

let base;

async function renewPage() {
  const was = await base;
  const is = await served();
  if (was?.generation !== generation || was.frame !== is.frame) reload("another answer");
  generation = is.generation;
  base = is;
  successors = new Set();
  if (was.text === is.text) return;
  const loads = [];
  morph(document.documentElement, parse(was.text).documentElement, parse(is.text).documentElement, loads);
  await Promise.all(loads);
  // A policy allows what was in the page when it was loaded.
  for (const style of document.querySelectorAll("style")) if (style.textContent.trim() && !style.sheet) reload("a policy");
}

async function update(next, { files, modules: later = [], same }) {
  if (!files) reload("too many files");
  // The page may be of a generation already whose message comes only now, with its files.
  if (next !== generation) {
    // What it would ask for is what it has.
    if (same === generation && (await base)?.generation === same) base = { ...(await base), generation: (generation = next) };
    else await renewPage();
  }
  await replace(files);
  const scripts = [...successors];
  successors.clear();
  if (scripts.length && !(await modules().update(scripts, later))) reload("a script that nothing accepts");
  document.dispatchEvent(new CustomEvent("sitekit:update", { detail: { generation } }));
}

const receive = {
  // After a pause: what happened meanwhile is not known.
  hello(message) {
    receive.problems(message);
    const now = JSON.stringify(message.sites);
    const others = sites !== undefined && sites !== now;
    sites = now;
    if (site) {
      if (!(site in message.sites)) reload("the site is gone");
      return message.sites[site] === generation ? undefined : update(message.sites[site], { files: message.missed });
    }
    if (others) reload("another site");
  },
  update(message) {
    if (!site) reload("a site");
    if (message.site === site) return update(message.generation, message);
  },
  // A module that has changed, before the build that has it is over: what this does not come to, that one does.
  async module({ site: of, url }) {
    if (of !== site || !modules()) return;
    try {
      await import(url);
      await modules().renew();
    } catch (error) {
      console.error(error);
    }
  },
  sites(message) {
    if (!site || message.gone.includes(site)) reload("the sites");
  },
  problems(message) {
    showProblems(message.problems.filter((problem) => !site || !problem.site || problem.site === site));
  },
};

function listen() {
  source ??= new EventSource(`${root}events?${new URLSearchParams({ site, generation })}`);
  source.onmessage = (event) => {
    const message = JSON.parse(event.data);
    then(() => receive[message.type]?.(message));
  };
}

function pause() {
  source?.close();
  source = undefined;
}

// A browser has few connections for a server: pages that are not seen leave them to those that are.
const look = () => (document.visibilityState === "hidden" ? pause() : listen());

function begin() {
  base = served().catch(() => undefined);
  performance.setResourceTimingBufferSize(10_000);
  look();
  document.addEventListener("visibilitychange", look);
  addEventListener("pagehide", pause);
  addEventListener("pageshow", look);
}

if (document.readyState === "complete") begin();
else addEventListener("load", begin);
