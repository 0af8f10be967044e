// The pieces several views show: a spine, a bar, a form for the page one has come to.

import { pageReached, progress, spineHue, type Book, type Day } from "../books.ts";
import { field, h } from "../dom.ts";
import { href } from "../router.ts";
import { reachPage } from "../store.ts";

export function bookPath(book: Book): string {
  return `/library/${encodeURIComponent(book.id)}/`;
}

export function bookLink(book: Book): HTMLElement {
  return h("a", { href: href(bookPath(book)) }, book.title);
}

/** A book’s back as on a shelf: as thick as it has pages, in a colour of its own. */
export function spine(book: Book): HTMLElement {
  const thickness = Math.round(30 + Math.min(book.pages, 1400) / 32);
  const height = 176 + ((book.title.length * 7) % 44);
  const style = `--hue: ${spineHue(book)}; inline-size: ${thickness}px; block-size: ${height}px`;
  return h(
    "a",
    { href: href(bookPath(book)), class: `spine spine-${book.shelf}`, style, title: `${book.title}, ${book.author}` },
    h("span", {}, book.title),
  );
}

export function bar(book: Book): HTMLElement {
  const percent = Math.round(progress(book) * 100);
  return h(
    "div",
    { class: "progress" },
    h("progress", { max: book.pages, value: pageReached(book), "aria-label": `${book.title}: pages read` }, `${percent} %`),
    h("span", { class: "figures" }, `${pageReached(book)} of ${book.pages}`),
  );
}

export function pageForm(book: Book): HTMLElement {
  const id = `page-${book.id}`;
  return h(
    "form",
    {
      class: "page-form",
      onsubmit: (event: SubmitEvent) => {
        event.preventDefault();
        if (event.target instanceof HTMLFormElement) reachPage(book.id, Number(field(event.target, "page")));
      },
    },
    h("label", { for: id }, "I am on page"),
    h("input", {
      id,
      name: "page",
      type: "number",
      inputmode: "numeric",
      min: 0,
      max: book.pages,
      value: pageReached(book),
      required: true,
    }),
    h("button", { class: "button", id: `mark-${book.id}` }, "Mark"),
  );
}

export function count(number: number, one: string, many: string): string {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

export function longDate(day: Day): string {
  const [year = 1970, month = 1, date = 1] = day.split("-").map(Number);
  return new Date(year, month - 1, date, 12).toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric" });
}
