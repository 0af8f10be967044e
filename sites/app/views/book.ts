// One book: where the reader is, what they thought, and the days they read it on.

import { SHELVES, pageReached, type Book } from "../books.ts";
import { field, h } from "../dom.ts";
import { href, navigate } from "../router.ts";
import { addNote, find, moveTo, rate, remove, removeNote } from "../store.ts";
import type { View } from "../view.ts";
import { missingView } from "./missing.ts";
import { bar, bookPath, count, longDate, pageForm, spine } from "./parts.ts";

export function bookView(id: string): View {
  const book = find(id);
  if (!book) return missingView(`/library/${id}/`);
  return {
    title: book.title,
    content: [
      h(
        "article",
        { class: "book" },
        h("div", { class: "book-spine", "aria-hidden": "true", inert: true }, spine(book)),
        h(
          "div",
          { class: "book-body" },
          h(
            "header",
            { class: "head" },
            h("p", { class: "eyebrow" }, h("a", { href: href("/library/") }, "Library")),
            h("h1", {}, book.title),
            h("p", { class: "author" }, `${book.author}, ${count(book.pages, "page", "pages")}`),
          ),
          h("div", { class: "card" }, bar(book), pageForm(book), shelves(book), stars(book)),
          notes(book),
          days(book),
          h(
            "p",
            { class: "actions" },
            h("a", { class: "button quiet", href: href(`${bookPath(book)}edit/`) }, "Edit"),
            h(
              "button",
              {
                type: "button",
                class: "button quiet danger",
                onclick: () => {
                  if (!confirm(`Remove “${book.title}” and its notes?`)) return;
                  navigate("/library/");
                  remove(book.id);
                },
              },
              "Remove",
            ),
          ),
        ),
      ),
    ],
  };
}

function shelves(book: Book): HTMLElement {
  return h(
    "fieldset",
    { class: "choices" },
    h("legend", {}, "Shelf"),
    SHELVES.map(({ shelf, label }) => choice(`shelf-${shelf}`, "shelf", label, book.shelf === shelf, () => moveTo(book.id, shelf))),
  );
}

function stars(book: Book): HTMLElement {
  return h(
    "fieldset",
    { class: "choices" },
    h("legend", {}, "Stars"),
    [0, 1, 2, 3, 4, 5].map((number) =>
      choice(`stars-${number}`, "stars", number === 0 ? "none" : String(number), book.stars === number, () => rate(book.id, number)),
    ),
  );
}

function choice(id: string, name: string, label: string, checked: boolean, choose: () => void): HTMLElement {
  return h("span", {}, h("input", { type: "radio", id, name, checked, onchange: choose }), h("label", { for: id }, label));
}

function notes(book: Book): HTMLElement {
  return h(
    "section",
    { class: "notes", "aria-labelledby": "notes-title" },
    h("h2", { id: "notes-title" }, "Notes"),
    book.notes.length > 0 &&
      h(
        "ol",
        {},
        book.notes.map((note, index) =>
          h(
            "li",
            {},
            h("p", {}, note.text),
            h(
              "footer",
              {},
              `p. ${note.page}, ${longDate(note.day)} `,
              h(
                "button",
                {
                  type: "button",
                  class: "link",
                  "aria-label": `Remove the note on page ${note.page}`,
                  onclick: () => removeNote(book.id, index),
                },
                "Remove",
              ),
            ),
          ),
        ),
      ),
    h(
      "form",
      {
        class: "note-form",
        onsubmit: (event: SubmitEvent) => {
          event.preventDefault();
          if (!(event.target instanceof HTMLFormElement)) return;
          addNote(book.id, { page: Number(field(event.target, "note-page")), text: field(event.target, "note-text") });
        },
      },
      h("label", { for: "note-text" }, "A line worth keeping, or a thought"),
      h("textarea", { id: "note-text", name: "note-text", rows: 3, required: true }),
      h(
        "div",
        {},
        h("label", { for: "note-page" }, "Page"),
        h("input", {
          id: "note-page",
          name: "note-page",
          type: "number",
          inputmode: "numeric",
          min: 0,
          max: book.pages,
          value: pageReached(book),
          required: true,
        }),
        h("button", { class: "button", id: "note-keep" }, "Keep"),
      ),
    ),
  );
}

function days(book: Book): HTMLElement | null {
  if (book.marks.length === 0) return null;
  return h(
    "details",
    { class: "days" },
    h("summary", {}, `Read on ${count(book.marks.length, "day", "days")}`),
    h("ol", {}, [...book.marks].reverse().map((mark) => h("li", {}, h("span", {}, longDate(mark.day)), h("span", {}, `p. ${mark.page}`)))),
  );
}
