// The keyboard: single keys where nobody is typing, and `g` followed by a place.

import { byId, h } from "./dom.ts";

const PLACES: Readonly<Record<string, { readonly path: string; readonly label: string }>> = {
  t: { path: "/", label: "Today" },
  l: { path: "/library/", label: "Library" },
  y: { path: "/year/", label: "Year" },
  s: { path: "/settings/", label: "Settings" },
};

export function setUpKeys(navigate: (path: string) => void): void {
  let waitingForPlace = false;
  document.addEventListener("keydown", (event) => {
    if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return;
    const place = waitingForPlace ? PLACES[event.key] : undefined;
    waitingForPlace = event.key === "g" && !waitingForPlace;
    if (place) {
      event.preventDefault();
      navigate(place.path);
    } else if (event.key === "n") {
      event.preventDefault();
      navigate("/library/new/");
    } else if (event.key === "/") {
      event.preventDefault();
      if (!document.getElementById("search")) navigate("/library/");
      document.getElementById("search")?.focus();
    } else if (event.key === "?") {
      event.preventDefault();
      showKeys();
    }
  });
}

export function showKeys(): void {
  const dialog = byId("keys");
  if (!(dialog instanceof HTMLDialogElement) || dialog.open) return;
  const row = (keys: readonly string[], text: string): HTMLElement =>
    h("div", {}, h("dt", {}, keys.map((key) => h("kbd", {}, key))), h("dd", {}, text));
  dialog.replaceChildren(
    h("h2", { id: "keys-title" }, "Keys"),
    h(
      "dl",
      {},
      row(["n"], "Add a book"),
      row(["/"], "Search the library"),
      Object.entries(PLACES).map(([key, { label }]) => row(["g", key], `Go to ${label}`)),
      row(["?"], "Show this"),
    ),
    h("form", { method: "dialog" }, h("button", { class: "button", autofocus: true }, "Close")),
  );
  dialog.showModal();
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));
}
