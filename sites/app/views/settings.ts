// Colour scheme, and taking the books out and in again.

import { parseBooks } from "../books.ts";
import { byId, h } from "../dom.ts";
import { showKeys } from "../keys.ts";
import { books, replaceAll, today } from "../store.ts";
import { THEMES, chooseTheme, chosenTheme } from "../theme.ts";
import type { View } from "../view.ts";

export function settingsView(): View {
  return {
    title: "Settings",
    content: [
      h("header", { class: "head" }, h("h1", {}, "Settings")),
      h(
        "section",
        { class: "setting" },
        h(
          "fieldset",
          { class: "choices" },
          h("legend", {}, "Colours"),
          THEMES.map(({ theme, label }) =>
            h(
              "span",
              {},
              h("input", {
                type: "radio",
                name: "theme",
                id: `theme-${theme}`,
                checked: chosenTheme() === theme,
                onchange: () => chooseTheme(theme),
              }),
              h("label", { for: `theme-${theme}` }, label),
            ),
          ),
        ),
      ),
      h(
        "section",
        { class: "setting" },
        h("h2", {}, "Your books"),
        h("p", {}, "They are kept in this browser, on this device, and go nowhere else. Take a copy now and then."),
        h(
          "p",
          { class: "actions" },
          h("button", { type: "button", class: "button", onclick: save }, "Save a copy"),
          h("label", { class: "button quiet", for: "import" }, "Read a copy"),
          h("input", { id: "import", type: "file", accept: ".json,application/json", class: "visually-hidden", onchange: read }),
          h(
            "button",
            {
              type: "button",
              class: "button quiet danger",
              onclick: () => {
                if (confirm("Remove all books and notes from this browser?")) replaceAll([]);
              },
            },
            "Begin with an empty shelf",
          ),
        ),
        h("p", { id: "import-result", role: "status" }),
      ),
      h(
        "section",
        { class: "setting" },
        h("h2", {}, "Keyboard"),
        h("p", {}, h("button", { type: "button", class: "button quiet", onclick: showKeys }, "Show all keys")),
      ),
    ],
  };
}

function save(): void {
  const url = URL.createObjectURL(new Blob([JSON.stringify(books(), null, 2)], { type: "application/json" }));
  h("a", { href: url, download: `octavo-${today()}.json` }).click();
  URL.revokeObjectURL(url);
}

async function read(event: Event): Promise<void> {
  const file = event.target instanceof HTMLInputElement ? event.target.files?.[0] : undefined;
  if (!file) return;
  const found = parseBooks(await file.text());
  if (found) replaceAll(found);
  byId("import-result").textContent = found
    ? `Read ${found.length} books from ${file.name}.`
    : `${file.name} is not a copy of an Octavo shelf; nothing was changed.`;
}
