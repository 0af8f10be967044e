// Client-side routes below the document's base. The address bar is the only state; this module never sees a book.

export type Parameters = Readonly<Record<string, string>>;

export interface Location {
  /** Below the base, with a slash at both ends: `/library/42/`. */
  readonly path: string;
  readonly query: URLSearchParams;
}

export interface Route<Result> {
  /** Segments, those with a colon being parameters: `/library/:id/`. */
  readonly pattern: string;
  readonly show: (parameters: Parameters, location: Location) => Result;
}

/** Where the site is mounted, with a slash at both ends. The build writes it into `<base>`. */
export const base: string = new URL(".", document.baseURI).pathname;

/** The address of a path of ours, for a link. */
export function href(path: string): string {
  return base + path.replace(/^\//, "");
}

export function currentLocation(): Location {
  const rest = window.location.pathname.startsWith(base) ? window.location.pathname.slice(base.length) : "";
  const path = `/${rest}`;
  return { path: path.endsWith("/") ? path : `${path}/`, query: new URLSearchParams(window.location.search) };
}

/** The first route that fits, and what its parameters are. */
export function match<Result>(
  routes: readonly Route<Result>[],
  location: Location,
): { route: Route<Result>; parameters: Parameters } | undefined {
  for (const route of routes) {
    const parameters = fit(route.pattern, location.path);
    if (parameters) return { route, parameters };
  }
  return undefined;
}

function fit(pattern: string, path: string): Parameters | undefined {
  const wanted = pattern.split("/");
  const given = path.split("/");
  if (wanted.length !== given.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, segment] of wanted.entries()) {
    const value = given[index] ?? "";
    if (segment.startsWith(":") && value !== "") {
      try {
        parameters[segment.slice(1)] = decodeURIComponent(value);
      } catch {
        return undefined;
      }
    } else if (segment !== value) {
      return undefined;
    }
  }
  return parameters;
}

const listeners = new Set<() => void>();

/** Calls `listener` whenever the address has changed, by us or by the browser's buttons. */
export function onNavigate(listener: () => void): void {
  listeners.add(listener);
}

export function navigate(path: string, how: "push" | "replace" = "push"): void {
  const url = href(path);
  if (how === "replace") history.replaceState(null, "", url);
  else history.pushState(null, "", url);
  if (how === "push") window.scrollTo(0, 0);
  notify();
}

/** Makes links below the base ours, and leaves every other to the browser. */
export function start(): void {
  window.addEventListener("popstate", notify);
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) {
      return;
    }
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!link || link.target || link.hasAttribute("download")) return;
    const written = link.getAttribute("href") ?? "";
    if (written.startsWith("#")) {
      // With a `<base>`, such a link would lead to the base's own page.
      event.preventDefault();
      document.getElementById(written.slice(1))?.focus();
      return;
    }
    const url = new URL(link.href);
    if (url.origin !== window.location.origin || !url.pathname.startsWith(base)) return;
    event.preventDefault();
    navigate(`/${url.pathname.slice(base.length)}${url.search}`);
  });
}

function notify(): void {
  for (const listener of listeners) listener();
}
