// The colour scheme: the system's, unless the reader chose one. The first paint has it from a script in the page's head.

type Theme = "automatic" | "light" | "dark";

const THEMES: readonly Theme[] = ["automatic", "light", "dark"];
const THEME_KEY = "sitekit-docs:theme";

export function setUpTheme(): void {
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
    delete root.dataset["theme"];
  } else {
    root.dataset["theme"] = theme;
  }
  for (const name of document.querySelectorAll("[data-theme-name]")) {
    name.textContent = theme;
  }
  const button = document.querySelector<HTMLButtonElement>(".theme-button");
  if (button) button.title = `Theme: ${theme}`;
}
