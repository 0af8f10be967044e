// The first page: the books under way, the last two weeks, and what could be next.

import { addDays, pagesPerDay, streak, type Day } from "../books.ts";
import { h } from "../dom.ts";
import { href } from "../router.ts";
import { books, moveTo, today } from "../store.ts";
import type { View } from "../view.ts";
import { bar, bookLink, count, longDate, pageForm } from "./parts.ts";

export function todayView(): View {
  const reading = books().filter((book) => book.shelf === "reading");
  const wanted = books().filter((book) => book.shelf === "wanted");
  return {
    title: "Today",
    content: [
      h("header", { class: "head" }, h("p", { class: "eyebrow" }, longDate(today())), h("h1", {}, "On the bedside table")),
      fortnight(),
      reading.length > 0
        ? h(
            "ul",
            { class: "reading" },
            reading.map((book) =>
              h(
                "li",
                { class: "card" },
                h("div", {}, h("h2", {}, bookLink(book)), h("p", { class: "author" }, book.author)),
                bar(book),
                pageForm(book),
              ),
            ),
          )
        : h(
            "p",
            { class: "empty" },
            "Nothing is open at the moment. ",
            h("a", { href: href("/library/new/") }, "Add a book"),
            " or take one from the pile.",
          ),
      wanted.length > 0 &&
        h(
          "section",
          { class: "next", "aria-labelledby": "next-title" },
          h("h2", { id: "next-title" }, "Next, perhaps"),
          h(
            "ul",
            {},
            wanted.slice(0, 5).map((book) =>
              h(
                "li",
                {},
                h("div", {}, h("h3", {}, bookLink(book)), h("p", { class: "author" }, `${book.author}, ${count(book.pages, "page", "pages")}`)),
                h(
                  "button",
                  { type: "button", class: "button quiet", "aria-label": `Begin ${book.title}`, onclick: () => moveTo(book.id, "reading") },
                  "Begin",
                ),
              ),
            ),
          ),
        ),
    ].filter((node) => node !== false),
  };
}

/** Fourteen days as fourteen columns, as high as the pages read. */
function fortnight(): HTMLElement {
  const days = pagesPerDay(books());
  const last: readonly Day[] = Array.from({ length: 14 }, (_, index) => addDays(today(), index - 13));
  const most = Math.max(1, ...last.map((day) => days.get(day) ?? 0));
  const total = last.reduce((sum, day) => sum + (days.get(day) ?? 0), 0);
  const run = streak(days, today());
  return h(
    "figure",
    { class: "fortnight" },
    h(
      "ol",
      { "aria-label": "Pages read on each of the last fourteen days" },
      last.map((day) => {
        const pages = days.get(day) ?? 0;
        const label = `${longDate(day)}: ${count(pages, "page", "pages")}`;
        return h(
          "li",
          { title: label },
          h("span", { class: "visually-hidden" }, label),
          h("span", { class: "column", style: `block-size: ${Math.round((pages / most) * 100)}%` }),
          h("span", { class: "letter", "aria-hidden": "true" }, String(Number(day.slice(8)))),
        );
      }),
    ),
    h(
      "figcaption",
      {},
      `${count(total, "page", "pages")} in two weeks`,
      run > 1 && `, and something on each of the last ${run} days`,
      ".",
    ),
  );
}
