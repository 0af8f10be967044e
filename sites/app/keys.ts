// The keyboard: single keys where nobody is typing, and `g` followed by a place.

export const PLACES: Readonly<Record<string, { readonly path: string; readonly label: string }>> = {
  t: { path: "/", label: "Today" },
  l: { path: "/library/", label: "Library" },
  y: { path: "/year/", label: "Year" },
  s: { path: "/settings/", label: "Settings" },
};

export function setUpKeys(navigate: (path: string) => Promise<void>): void {
  let waitingForPlace = false;
  document.addEventListener("keydown", async (event) => {
    if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return;
    const place = waitingForPlace ? PLACES[event.key] : undefined;
    waitingForPlace = event.key === "g" && !waitingForPlace;
    if (place) {
      event.preventDefault();
      await navigate(place.path);
    } else if (event.key === "n") {
      event.preventDefault();
      await navigate("/library/new/");
    } else if (event.key === "/") {
      event.preventDefault();
      if (!document.getElementById("search")) await navigate("/library/");
      document.getElementById("search")?.focus();
    } else if (event.key === "?") {
      event.preventDefault();
      await showKeys();
    }
  });
}

/** Few ever ask, so what it shows is fetched when someone does. */
export async function showKeys(): Promise<void> {
  const { fillDialog } = await import("./keys-dialog.tsx");
  fillDialog();
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));
}
