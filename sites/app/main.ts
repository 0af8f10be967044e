// Starts the app: which path shows what, and what happens to focus, title and scrolling when the path changes.

import { setUpKeys } from "./keys.ts";
import { byId } from "./page.ts";
import { currentLocation, match, navigate, onNavigate, pathOf, start, type How, type Location, type Parameters, type Route } from "./router.ts";
import { onChange } from "./store.ts";
import { applyTheme } from "./theme.ts";
import type { Load, Show } from "./view.ts";
import { missingView, unreachableView } from "./views/missing.tsx";

const year: Load = async () => (await import("./views/year.tsx")).yearView;

/** Each view is a script of its own, fetched when it is first shown. */
const ROUTES: readonly Route<Load>[] = [
  { pattern: "/", target: async () => (await import("./views/today.tsx")).todayView },
  { pattern: "/library/", target: async () => (await import("./views/library.tsx")).libraryView },
  { pattern: "/library/new/", target: async () => (await import("./views/form.tsx")).newView },
  { pattern: "/library/:id/", target: async () => (await import("./views/book.tsx")).bookView },
  { pattern: "/library/:id/edit/", target: async () => (await import("./views/form.tsx")).editView },
  { pattern: "/year/", target: year },
  { pattern: "/year/:year/", target: year },
  { pattern: "/settings/", target: async () => (await import("./views/settings.tsx")).settingsView },
];

/** What has been fetched: it is shown at once, without waiting for a promise. */
const shows = new Map<Load, Show>();

/** How often the path has changed: of two views that are under way, the later one is shown. */
let changes = 0;

/** Draws again what is shown; nothing while another view is under way. */
let drawAgain: (() => void) | undefined;

/** Shows what is at the address. */
async function arrive(how: How | "start"): Promise<void> {
  const change = (changes += 1);
  drawAgain = undefined;
  const location = currentLocation();
  const found = match(ROUTES, location);
  const show = found ? (shows.get(found.route.target) ?? (await fetched(found.route.target))) : missingView;
  if (change !== changes) return;
  draw(show, found?.parameters ?? {}, location);
  if (how === "push") window.scrollTo(0, 0);
  if (how === "push" || how === "traverse") tell();
}

async function fetched(load: Load): Promise<Show> {
  byId("main").ariaBusy = "true";
  try {
    const show = await load();
    shows.set(load, show);
    return show;
  } catch (error) {
    console.error(error);
    return unreachableView;
  }
}

function draw(show: Show, parameters: Parameters, location: Location): void {
  const view = show(parameters, location) ?? missingView(parameters, location);
  document.title = view.title === "Octavo" ? view.title : `${view.title} · Octavo`;
  byId("main").replaceChildren(view.content);
  byId("main").ariaBusy = null;
  for (const link of byId("navigation").querySelectorAll("a")) {
    const path = pathOf(link) ?? "";
    const inside = path === "/" ? location.path === "/" : location.path.startsWith(path);
    link.ariaCurrent = location.path === path ? "page" : inside ? "true" : null;
  }
  drawAgain = view.isForm ? undefined : () => draw(show, parameters, location);
}

/** A reader of the screen is told where they have come to. */
function tell(): void {
  const heading = document.querySelector<HTMLElement>("main h1");
  heading?.setAttribute("tabindex", "-1");
  heading?.focus({ preventScroll: true });
  byId("announcer").textContent = document.title;
}

/** After a change of data the same view is drawn again; the reader stays in the field they were in. */
function redraw(): void {
  const focused = document.activeElement?.id ?? "";
  drawAgain?.();
  if (focused !== "") document.getElementById(focused)?.focus();
}

applyTheme();
onNavigate(arrive);
onChange(redraw);
start();
setUpKeys(navigate);
void arrive("start");
