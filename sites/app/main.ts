// Starts the app: which path shows what, and what happens to focus, title and keys when the path changes.

import { byId, h } from "./dom.ts";
import { setUpKeys } from "./keys.ts";
import { currentLocation, href, match, navigate, onNavigate, start, type Route } from "./router.ts";
import { onChange } from "./store.ts";
import { applyTheme } from "./theme.ts";
import type { View } from "./view.ts";
import { bookView } from "./views/book.ts";
import { editView, newView } from "./views/form.ts";
import { libraryView } from "./views/library.ts";
import { missingView } from "./views/missing.ts";
import { settingsView } from "./views/settings.ts";
import { todayView } from "./views/today.ts";
import { thisYear, yearView } from "./views/year.ts";

const ROUTES: readonly Route<View>[] = [
  { pattern: "/", show: () => todayView() },
  { pattern: "/library/", show: (_, location) => libraryView(location.query) },
  { pattern: "/library/new/", show: () => newView() },
  { pattern: "/library/:id/", show: ({ id = "" }) => bookView(id) },
  { pattern: "/library/:id/edit/", show: ({ id = "" }) => editView(id) },
  { pattern: "/year/", show: () => yearView(thisYear()) },
  { pattern: "/year/:year/", show: ({ year = "" }) => yearView(year) },
  { pattern: "/settings/", show: () => settingsView() },
];

const NAVIGATION: readonly { readonly path: string; readonly label: string }[] = [
  { path: "/", label: "Today" },
  { path: "/library/", label: "Library" },
  { path: "/year/", label: "Year" },
  { path: "/settings/", label: "Settings" },
];

function render(): void {
  const location = currentLocation();
  const found = match(ROUTES, location);
  const view = found ? found.route.show(found.parameters, location) : missingView(location.path);
  document.title = view.title === "Octavo" ? view.title : `${view.title} · Octavo`;
  byId("main").replaceChildren(...view.content);
  byId("navigation").replaceChildren(
    h("ul", {}, NAVIGATION.map(({ path, label }) => {
      const inside = path === "/" ? location.path === "/" : location.path.startsWith(path);
      const current = location.path === path ? "page" : inside ? "true" : null;
      return h("li", {}, h("a", { href: href(path), "aria-current": current }, label));
    })),
  );
}

/** After a change of data the same view is drawn again; the reader stays in the field they were in. */
function redraw(): void {
  const focused = document.activeElement?.id ?? "";
  render();
  if (focused !== "") document.getElementById(focused)?.focus();
}

/** After a change of path a reader of the screen is told where they are. */
function arrive(): void {
  render();
  const heading = document.querySelector<HTMLElement>("main h1");
  heading?.setAttribute("tabindex", "-1");
  heading?.focus({ preventScroll: true });
  byId("announcer").textContent = document.title;
}

applyTheme();
onNavigate(arrive);
onChange(redraw);
start();
setUpKeys(navigate);
render();
