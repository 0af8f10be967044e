// Adding a book and editing one: the same form.

import { SHELVES, type Book } from "../books.ts";
import { field, h } from "../dom.ts";
import { href, navigate } from "../router.ts";
import { add, edit, find, type Details } from "../store.ts";
import type { View } from "../view.ts";
import { missingView } from "./missing.ts";
import { bookPath } from "./parts.ts";

export function newView(): View {
  return {
    title: "Add a book",
    content: [
      head("Add a book"),
      form(undefined, "/library/", (details) => {
        const id = add(details);
        navigate(`/library/${encodeURIComponent(id)}/`);
      }),
    ],
  };
}

export function editView(id: string): View {
  const book = find(id);
  if (!book) return missingView(`/library/${id}/edit/`);
  return {
    title: `Edit ${book.title}`,
    content: [
      head(`Edit ${book.title}`),
      form(book, bookPath(book), (details) => {
        edit(id, details);
        navigate(bookPath(book));
      }),
    ],
  };
}

function head(title: string): HTMLElement {
  return h("header", { class: "head" }, h("p", { class: "eyebrow" }, h("a", { href: href("/library/") }, "Library")), h("h1", {}, title));
}

function form(book: Book | undefined, back: string, save: (details: Details) => void): HTMLElement {
  return h(
    "form",
    {
      class: "book-form",
      onsubmit: (event: SubmitEvent) => {
        event.preventDefault();
        if (!(event.target instanceof HTMLFormElement)) return;
        const shelf = field(event.target, "shelf");
        save({
          title: field(event.target, "title"),
          author: field(event.target, "author"),
          pages: Number(field(event.target, "pages")),
          shelf: SHELVES.find((entry) => entry.shelf === shelf)?.shelf ?? "wanted",
        });
      },
    },
    text("title", "Title", book?.title ?? ""),
    text("author", "Author", book?.author ?? ""),
    h(
      "div",
      { class: "field" },
      h("label", { for: "pages" }, "Pages"),
      h("input", { id: "pages", name: "pages", type: "number", inputmode: "numeric", min: 1, max: 9999, value: book?.pages ?? "", required: true }),
    ),
    h(
      "div",
      { class: "field" },
      h("label", { for: "shelf" }, "Shelf"),
      h(
        "select",
        { id: "shelf", name: "shelf" },
        SHELVES.map((entry) => h("option", { value: entry.shelf, selected: entry.shelf === (book?.shelf ?? "wanted") }, entry.label)),
      ),
    ),
    h(
      "p",
      { class: "actions" },
      h("button", { class: "button" }, book ? "Save" : "Add"),
      h("a", { class: "button quiet", href: href(back) }, "Cancel"),
    ),
  );
}

function text(name: string, label: string, value: string): HTMLElement {
  return h(
    "div",
    { class: "field" },
    h("label", { for: name }, label),
    h("input", { id: name, name, type: "text", value, required: true, autocomplete: "off", pattern: ".*\\S.*" }),
  );
}
