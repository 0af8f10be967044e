// Colour scheme, and taking the books out and in again.

import "./settings.css";
import { parseBooks } from "../books.ts";
import { showKeys } from "../keys.ts";
import { byId } from "../page.ts";
import { books, replaceAll, today } from "../store.ts";
import { THEMES, chooseTheme, chosenTheme } from "../theme.ts";
import type { Show } from "../view.ts";

export const settingsView: Show = () => ({
  title: "Settings",
  content: (
    <>
      <header class="head">
        <h1>Settings</h1>
      </header>
      <section class="setting">
        <fieldset class="choices">
          <legend>Colours</legend>
          {THEMES.map(({ theme, label }) => (
            <span>
              <input
                type="radio"
                name="theme"
                id={`theme-${theme}`}
                checked={chosenTheme() === theme}
                onchange={() => chooseTheme(theme)}
              />
              <label for={`theme-${theme}`}>{label}</label>
            </span>
          ))}
        </fieldset>
      </section>
      <section class="setting">
        <h2>Your books</h2>
        <p>They are kept in this browser, on this device, and go nowhere else. Take a copy now and then.</p>
        <p class="actions">
          <button type="button" class="button" onclick={save}>Save a copy</button>
          <label class="button quiet" for="import">Read a copy</label>
          <input id="import" type="file" accept=".json,application/json" class="visually-hidden" onchange={read} />
          <button type="button" class="button quiet danger" onclick={empty}>Begin with an empty shelf</button>
        </p>
        <p id="import-result" role="status" />
      </section>
      <section class="setting">
        <h2>Keyboard</h2>
        <p>
          <button type="button" class="button quiet" onclick={showKeys}>Show all keys</button>
        </p>
      </section>
    </>
  ),
});

function save(): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(books(), null, 2)], { type: "application/json" }));
  link.download = `octavo-${today()}.json`;
  link.click();
  URL.revokeObjectURL(link.href);
}

async function read({ target }: Event): Promise<void> {
  const file = target instanceof HTMLInputElement ? target.files?.[0] : undefined;
  if (!file) return;
  const found = parseBooks(await file.text());
  if (found) replaceAll(found);
  byId("import-result").textContent = found
    ? `Read ${found.length} books from ${file.name}.`
    : `${file.name} is not a copy of an Octavo shelf; nothing was changed.`;
}

function empty(): void {
  if (confirm("Remove all books and notes from this browser?")) replaceAll([]);
}
