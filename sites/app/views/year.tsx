// A year in months, and the books finished in it.

import { mayNeed } from "sitekit";
import { finishedOn, pagesPerDay } from "../books.ts";
import { href } from "../router.ts";
import { books, today } from "../store.ts";
import type { Show } from "../view.ts";
import { BookLink, count, longDate } from "./parts.tsx";
import styles from "./year.module.css";

mayNeed(() => import("./book.tsx"));

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

export const yearView: Show = ({ year = thisYear() }) => {
  if (!/^[12]\d{3}$/.test(year)) return undefined;
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
  const first = books().flatMap((book) => book.marks.slice(0, 1)).reduce((day, mark) => (mark.day < day ? mark.day : day), today());
  return {
    title: year,
    content: (
      <>
        <header class="head head-with-action">
          <div>
            <p class="eyebrow">{count(total, "page", "pages")}, {count(finished.length, "book", "books")} finished</p>
            <h1>{year}</h1>
          </div>
          <nav class={styles.years} aria-label="Years">
            {year > first.slice(0, 4) && <YearLink year={Number(year) - 1} />}
            {year < thisYear() && <YearLink year={Number(year) + 1} />}
          </nav>
        </header>
        <Chart months={months} />
        <h2>Finished</h2>
        {finished.length > 0 ? (
          <ul class="books">
            {finished.map(({ book, day }) => (
              <li>
                <h3><BookLink book={book} /></h3>
                <p class="author">{book.author}</p>
                <p class="tag">{longDate(day)}</p>
              </li>
            ))}
          </ul>
        ) : (
          <p class="empty">None yet. There is no hurry; it is not a competition.</p>
        )}
      </>
    ),
  };
};

function thisYear(): string {
  return today().slice(0, 4);
}

function YearLink({ year }: { readonly year: number }): Node {
  return <a class="button quiet" href={href(`/year/${year}/`)}>{year}</a>;
}

function Chart({ months }: { readonly months: readonly number[] }): Node {
  const most = Math.max(1, ...months);
  const width = 60;
  const height = 200;
  const words = months.map((pages, at) => `${MONTHS[at]} ${pages}`).join(", ");
  return (
    <figure class={styles.chart}>
      <svg viewBox={`0 0 ${width * 12} ${height + 40}`} role="img" aria-label={`Pages per month: ${words}`}>
        {months.map((pages, at) => {
          const tall = Math.round((pages / most) * (height - 24));
          const middle = at * width + width / 2;
          return (
            <g>
              <rect
                class={styles.month}
                x={at * width + 10}
                y={height - Math.max(tall, 1)}
                width={width - 20}
                height={Math.max(tall, 1)}
              />
              {pages > 0 && <text class={styles.pages} x={middle} y={height - tall - 8}>{pages}</text>}
              <text class={styles.name} x={middle} y={height + 24}>{MONTHS[at]}</text>
            </g>
          );
        })}
      </svg>
    </figure>
  );
}
