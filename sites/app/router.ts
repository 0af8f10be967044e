// Client-side routes below the document's base. The address bar is the only state; this module never sees a book.

export type Parameters = Readonly<Record<string, string>>;

export interface Location {
  /** Below the base, with a slash at both ends: `/library/42/`. */
  readonly path: string;
  readonly query: URLSearchParams;
}

export interface Route<Target> {
  /** Segments, those with a colon being parameters: `/library/:id/`. */
  readonly pattern: string;
  readonly target: Target;
}

/** How the address changed: to a new one, in its place, or by the browser's buttons. */
export type How = "push" | "replace" | "traverse";

/** Where the site is mounted, with a slash at both ends. The build writes it into `<base>`. */
const base: string = new URL(".", document.baseURI).pathname;

/** The address of a path of ours, for a link. */
export function href(path: string): string {
  return base + path.replace(/^\//, "");
}

/** The path of ours that an address has; none where it leads elsewhere. */
export function pathOf(address: { readonly origin: string; readonly pathname: string }): string | undefined {
  const isOurs = address.origin === window.location.origin && address.pathname.startsWith(base);
  return isOurs ? `/${address.pathname.slice(base.length)}` : undefined;
}

export function currentLocation(): Location {
  const path = pathOf(window.location) ?? "/";
  return { path: path.endsWith("/") ? path : `${path}/`, query: new URLSearchParams(window.location.search) };
}

/** The first route that fits, and what its parameters are. */
export function match<Target>(
  routes: readonly Route<Target>[],
  location: Location,
): { route: Route<Target>; parameters: Parameters } | undefined {
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

type Listener = (how: How) => Promise<void>;

const listeners = new Set<Listener>();

/** Calls `listener` whenever the address has changed, by us or by the browser's buttons. */
export function onNavigate(listener: Listener): void {
  listeners.add(listener);
}

/** Goes to a path of ours, and is done when it is shown. */
export async function navigate(path: string, how: "push" | "replace" = "push"): Promise<void> {
  const url = href(path);
  if (how === "replace") history.replaceState(null, "", url);
  else history.pushState(null, "", url);
  await notify(how);
}

/** Makes links below the base ours, and leaves every other to the browser. */
export function start(): void {
  window.addEventListener("popstate", () => notify("traverse"));
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
    const path = pathOf(link);
    if (path === undefined) return;
    event.preventDefault();
    void navigate(path + link.search);
  });
}

async function notify(how: How): Promise<void> {
  await Promise.all([...listeners].map((listener) => listener(how)));
}
