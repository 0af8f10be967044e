// The manual's behaviour: theme, drawer, copy buttons, the mark beside the heading being read.
// Every part stands alone, and the pages are complete without any of them.

type Theme = "automatic" | "light" | "dark";

const THEMES: readonly Theme[] = ["automatic", "light", "dark"];
const THEME_KEY = "sitekit-docs:theme";

function storedTheme(): Theme {
  try {
    const stored = localStorage.getItem(THEME_KEY);
    return THEMES.find((theme) => theme === stored) ?? "automatic";
  } catch {
    return "automatic";
  }
}

function applyTheme(theme: Theme): void {
  const root = document.documentElement;
  if (theme === "automatic") {
    delete root.dataset.theme;
  } else {
    root.dataset.theme = theme;
  }
  for (const name of document.querySelectorAll("[data-theme-name]")) {
    name.textContent = theme;
  }
  const button = document.querySelector<HTMLButtonElement>(".theme-button");
  if (button) button.title = `Theme: ${theme}`;
}

function setUpTheme(): void {
  const button = document.querySelector<HTMLButtonElement>(".theme-button");
  if (!button) return;
  button.hidden = false;
  applyTheme(storedTheme());
  button.addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(storedTheme()) + 1) % THEMES.length] ?? "automatic";
    try {
      localStorage.setItem(THEME_KEY, next);
    } catch {
      // Storage is off: the choice lasts as long as the page.
    }
    applyTheme(next);
  });
}

function setUpDrawer(): void {
  const button = document.querySelector<HTMLButtonElement>(".drawer-button");
  const drawer = document.querySelector<HTMLElement>("#contents");
  const main = document.querySelector<HTMLElement>("main");
  if (!button || !drawer || !main) return;
  button.hidden = false;
  document.documentElement.classList.add("has-drawer");
  const narrow = matchMedia("(max-width: 60rem)");

  const set = (open: boolean): void => {
    button.setAttribute("aria-expanded", String(open));
    document.documentElement.classList.toggle("drawer-open", open);
    main.inert = open;
    drawer.inert = narrow.matches && !open;
    if (open) drawer.querySelector<HTMLElement>("[aria-current], a")?.focus();
  };
  set(false);
  button.addEventListener("click", () => set(button.getAttribute("aria-expanded") !== "true"));
  narrow.addEventListener("change", () => set(false));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && button.getAttribute("aria-expanded") === "true") {
      set(false);
      button.focus();
    }
  });

  // The current page is in view in the sidebar, without moving the page itself.
  const current = drawer.querySelector<HTMLElement>("[aria-current]");
  if (current) drawer.scrollTop = current.offsetTop - drawer.clientHeight / 3;
}

function setUpCopyButtons(): void {
  for (const block of document.querySelectorAll<HTMLPreElement>(".prose pre")) {
    block.tabIndex = 0;
    const frame = document.createElement("div");
    frame.className = "code";
    block.replaceWith(frame);
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.setAttribute("aria-label", "Copy this code");
    frame.append(block, button);
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText((block.textContent ?? "").trimEnd());
        button.textContent = "Copied";
      } catch {
        button.textContent = "Select and copy";
      }
      setTimeout(() => {
        button.textContent = "Copy";
      }, 1600);
    });
  }
}

function setUpReadingMark(): void {
  const links = new Map<string, HTMLAnchorElement>();
  for (const link of document.querySelectorAll<HTMLAnchorElement>(".toc a")) {
    links.set(decodeURIComponent(link.hash.slice(1)), link);
  }
  if (links.size === 0) return;
  const headings = [...document.querySelectorAll<HTMLElement>(".prose [id]")].filter((heading) => links.has(heading.id));
  const mark = (): void => {
    const passed = headings.filter((heading) => heading.getBoundingClientRect().top < 140);
    const current = passed.at(-1) ?? headings[0];
    for (const [id, link] of links) {
      if (id === current?.id) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  };
  let waiting = false;
  addEventListener(
    "scroll",
    () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => {
        waiting = false;
        mark();
      });
    },
    { passive: true },
  );
  mark();
}

setUpTheme();
setUpDrawer();
setUpCopyButtons();
setUpReadingMark();
