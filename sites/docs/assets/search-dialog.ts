// The search itself: one field, and links below it. Arrows go from hit to hit, Enter follows the first, Escape closes.

import "./search-dialog.css";
import { type Hit, type Part, SearchIndex } from "./search-index.ts";

const MOST_HITS = 20;

export class SearchDialog {
  readonly #dialog = document.createElement("dialog");
  readonly #field = document.createElement("input");
  readonly #status = document.createElement("p");
  readonly #hits = document.createElement("ol");
  readonly #url: string;
  #index: SearchIndex | undefined;

  constructor(url: string) {
    this.#url = url;
    this.#dialog.className = "search";
    this.#dialog.setAttribute("aria-label", "Search the manual");
    this.#field.type = "search";
    this.#field.setAttribute("aria-label", "Words to look for");
    this.#field.placeholder = "Search the manual";
    this.#field.autocomplete = "off";
    this.#field.spellcheck = false;
    this.#field.enterKeyHint = "go";
    const close = document.createElement("button");
    close.type = "button";
    close.textContent = "Close";
    close.addEventListener("click", () => this.#dialog.close());
    const row = document.createElement("div");
    row.className = "search-row";
    row.append(this.#field, close);
    this.#status.className = "search-status";
    this.#status.setAttribute("role", "status");
    this.#hits.className = "search-hits";
    this.#dialog.append(row, this.#status, this.#hits);
    document.body.append(this.#dialog);

    this.#field.addEventListener("input", () => this.#show());
    this.#dialog.addEventListener("keydown", (event) => this.#move(event));
    // A click beside the dialog is one on its backdrop.
    this.#dialog.addEventListener("click", (event) => {
      if (event.target === this.#dialog) this.#dialog.close();
    });
    // A hit may be in this very page.
    this.#hits.addEventListener("click", () => this.#dialog.close());
  }

  open(): void {
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#field.select();
    this.#field.focus();
    if (!this.#index) void this.#load();
  }

  async #load(): Promise<void> {
    this.#status.textContent = "Fetching the index …";
    try {
      const answer = await fetch(this.#url);
      if (!answer.ok) throw new Error(answer.statusText);
      this.#index = new SearchIndex(await answer.json());
      this.#show();
    } catch {
      this.#status.textContent = "The index could not be fetched. Close the search and open it again to try once more.";
    }
  }

  #show(): void {
    if (!this.#index) return;
    const words = this.#field.value;
    const hits = this.#index.find(words);
    this.#hits.replaceChildren(...hits.slice(0, MOST_HITS).map(entry));
    if (!words.trim()) {
      this.#status.textContent = "";
    } else if (hits.length === 0) {
      this.#status.textContent = "No page has all of these words.";
    } else {
      this.#status.textContent = hits.length === 1 ? "1 page" : `${hits.length} pages`;
    }
  }

  #move(event: KeyboardEvent): void {
    const links = [...this.#hits.querySelectorAll("a")];
    const at = links.findIndex((link) => link === document.activeElement);
    if (event.key === "Escape") {
      // At once: a field of this type would empty itself first.
      event.preventDefault();
      this.#dialog.close();
    } else if (event.key === "Enter" && document.activeElement === this.#field && !event.isComposing) {
      event.preventDefault();
      links[0]?.click();
    } else if (event.key === "ArrowDown" && at + 1 < links.length) {
      event.preventDefault();
      links[at + 1]?.focus();
    } else if (event.key === "ArrowUp" && at >= 0) {
      event.preventDefault();
      (links[at - 1] ?? this.#field).focus();
    }
  }
}

function entry(hit: Hit): HTMLLIElement {
  const item = document.createElement("li");
  const link = document.createElement("a");
  link.href = hit.url;
  const title = document.createElement("span");
  title.className = "search-title";
  title.append(...hit.title.map(marked));
  const text = document.createElement("span");
  text.className = "search-text";
  text.append(...hit.text.map(marked));
  link.append(title, text);
  item.append(link);
  return item;
}

function marked(part: Part): Node | string {
  if (!part.isHit) return part.text;
  const mark = document.createElement("mark");
  mark.textContent = part.text;
  return mark;
}
