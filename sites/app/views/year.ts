// A year in months, and the books finished in it.

import { finishedOn, pagesPerDay } from "../books.ts";
import { h, svg } from "../dom.ts";
import { href } from "../router.ts";
import { books, today } from "../store.ts";
import type { View } from "../view.ts";
import { missingView } from "./missing.ts";
import { bookLink, count, longDate } from "./parts.ts";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

export function thisYear(): string {
  return today().slice(0, 4);
}

export function yearView(year: string): View {
  if (!/^[12]\d{3}$/.test(year)) return missingView(`/year/${year}/`);
  const months = MONTHS.map(() => 0);
  for (const [day, pages] of pagesPerDay(books())) {
    const month = Number(day.slice(5, 7)) - 1;
    if (day.startsWith(year)) months[month] = (months[month] ?? 0) + pages;
  }
  const total = months.reduce((sum, pages) => sum + pages, 0);
  const finished = books()
    .flatMap((book) => {
      const day = finishedOn(book);
      return day?.startsWith(year) ? [{ book, day }] : [];
    })
    .sort((one, other) => other.day.localeCompare(one.day));
  const neighbour = (offset: number): string => String(Number(year) + offset);
  const first = books().flatMap((book) => book.marks.slice(0, 1)).reduce((day, mark) => (mark.day < day ? mark.day : day), today());
  return {
    title: year,
    content: [
      h(
        "header",
        { class: "head head-with-action" },
        h(
          "div",
          {},
          h("p", { class: "eyebrow" }, `${count(total, "page", "pages")}, ${count(finished.length, "book", "books")} finished`),
          h("h1", {}, year),
        ),
        h(
          "nav",
          { class: "years", "aria-label": "Years" },
          year > first.slice(0, 4) && h("a", { class: "button quiet", href: href(`/year/${neighbour(-1)}/`) }, neighbour(-1)),
          year < thisYear() && h("a", { class: "button quiet", href: href(`/year/${neighbour(1)}/`) }, neighbour(1)),
        ),
      ),
      chart(months),
      h("h2", {}, "Finished"),
      finished.length > 0
        ? h(
            "ul",
            { class: "books" },
            finished.map(({ book, day }) =>
              h("li", {}, h("h3", {}, bookLink(book)), h("p", { class: "author" }, book.author), h("p", { class: "tag" }, longDate(day))),
            ),
          )
        : h("p", { class: "empty" }, "None yet. There is no hurry; it is not a competition."),
    ],
  };
}

function chart(months: readonly number[]): HTMLElement {
  const most = Math.max(1, ...months);
  const width = 60;
  const height = 200;
  return h(
    "figure",
    { class: "months" },
    svg(
      "svg",
      {
        viewBox: `0 0 ${width * 12} ${height + 40}`,
        role: "img",
        "aria-label": `Pages per month: ${months.map((pages, at) => `${MONTHS[at]} ${pages}`).join(", ")}`,
      },
      months.map((pages, at) => {
        const tall = Math.round((pages / most) * (height - 24));
        const middle = at * width + width / 2;
        return svg(
          "g",
          {},
          svg("rect", { x: at * width + 10, y: height - Math.max(tall, 1), width: width - 20, height: Math.max(tall, 1), class: "month" }),
          pages > 0 && svg("text", { x: middle, y: height - tall - 8, class: "month-figure" }, pages),
          svg("text", { x: middle, y: height + 24, class: "month-name" }, MONTHS[at] ?? ""),
        );
      }),
    ),
  );
}
