// All books: as spines on a shelf and as a list, by shelf and by words. Both are in the address, so a link shows the same.

import { SHELVES, matches, type Book } from "../books.ts";
import { h } from "../dom.ts";
import { href, navigate } from "../router.ts";
import { books } from "../store.ts";
import type { View } from "../view.ts";
import { bookLink, count, spine } from "./parts.ts";

export function libraryView(query: URLSearchParams): View {
  const shelf = SHELVES.find((entry) => entry.shelf === query.get("shelf"));
  const words = query.get("q") ?? "";
  const onShelf = books().filter((book) => !shelf || book.shelf === shelf.shelf);
  const found = onShelf.filter((book) => matches(book, words));
  return {
    title: shelf ? `${shelf.label} · Library` : "Library",
    content: [
      h(
        "header",
        { class: "head head-with-action" },
        h("div", {}, h("p", { class: "eyebrow" }, count(books().length, "book", "books")), h("h1", {}, "Library")),
        h("a", { class: "button", href: href("/library/new/") }, "Add a book"),
      ),
      h(
        "div",
        { class: "filters" },
        h(
          "nav",
          { "aria-label": "Shelves" },
          h(
            "ul",
            {},
            shelfLink("All", null, words, !shelf),
            SHELVES.map((entry) => shelfLink(entry.label, entry.shelf, words, entry === shelf)),
          ),
        ),
        h(
          "form",
          { role: "search", onsubmit: (event: SubmitEvent) => event.preventDefault() },
          h("label", { for: "search", class: "visually-hidden" }, "Search titles and authors"),
          h("input", {
            id: "search",
            type: "search",
            placeholder: "Search",
            autocomplete: "off",
            value: words,
            oninput: (event: Event) => {
              if (event.target instanceof HTMLInputElement) search(event.target, shelf?.shelf ?? null);
            },
          }),
        ),
      ),
      found.length > 0 ? h("div", { class: "shelf", "aria-hidden": "true" }, found.map(unfocusable)) : empty(words),
      h("ul", { class: "books" }, found.map(row)),
    ],
  };
}

/** The list below the shelf says the same in words, so the spines are out of the tab order. */
function unfocusable(book: Book): HTMLElement {
  const element = spine(book);
  element.tabIndex = -1;
  return element;
}

function row(book: Book): HTMLElement {
  const label = SHELVES.find((entry) => entry.shelf === book.shelf)?.label ?? "";
  return h(
    "li",
    {},
    h("h2", {}, bookLink(book)),
    h("p", { class: "author" }, book.author),
    h("p", { class: "tag" }, label, book.stars > 0 && ` · ${"★".repeat(book.stars)}`),
  );
}

function shelfLink(label: string, shelf: string | null, words: string, current: boolean): HTMLElement {
  return h("li", {}, h("a", { href: href(address(shelf, words)), "aria-current": current ? "page" : null }, label));
}

function address(shelf: string | null, words: string): string {
  const query = new URLSearchParams();
  if (shelf) query.set("shelf", shelf);
  if (words) query.set("q", words);
  const text = query.toString();
  return text === "" ? "/library/" : `/library/?${text}`;
}

function search(input: HTMLInputElement, shelf: string | null): void {
  const caret = input.selectionStart;
  navigate(address(shelf, input.value), "replace");
  const next = document.getElementById("search");
  if (next instanceof HTMLInputElement) {
    next.focus();
    next.setSelectionRange(caret, caret);
  }
}

function empty(words: string): HTMLElement {
  return h("p", { class: "empty" }, words === "" ? "This shelf is empty." : `No title or author has “${words}” in it.`);
}
