// The first page: the books under way, the last two weeks, and what could be next.

import "./today.css";
import { mayNeed } from "sitekit";
import { addDays, pagesPerDay, streak, type Book, type Day } from "../books.ts";
import { href } from "../router.ts";
import { books, moveTo, today } from "../store.ts";
import type { Show } from "../view.ts";
import { Bar, BookLink, PageForm, count, longDate } from "./parts.tsx";

mayNeed(() => import("./book.tsx"));
mayNeed(() => import("./library.tsx"));

export const todayView: Show = () => {
  const reading = books().filter((book) => book.shelf === "reading");
  const wanted = books().filter((book) => book.shelf === "wanted");
  return {
    title: "Today",
    content: (
      <>
        <header class="head">
          <p class="eyebrow">{longDate(today())}</p>
          <h1>On the bedside table</h1>
        </header>
        <Fortnight />
        {reading.length > 0 ? (
          <ul class="reading">
            {reading.map((book) => (
              <li class="card">
                <div>
                  <h2><BookLink book={book} /></h2>
                  <p class="author">{book.author}</p>
                </div>
                <Bar book={book} />
                <PageForm book={book} />
              </li>
            ))}
          </ul>
        ) : (
          <p class="empty">
            Nothing is open at the moment. <a href={href("/library/new/")}>Add a book</a> or take one from the pile.
          </p>
        )}
        {wanted.length > 0 && (
          <section class="next" aria-labelledby="next-title">
            <h2 id="next-title">Next, perhaps</h2>
            <ul>
              {wanted.slice(0, 5).map((book) => (
                <Wanted book={book} />
              ))}
            </ul>
          </section>
        )}
      </>
    ),
  };
};

function Wanted({ book }: { readonly book: Book }): Node {
  return (
    <li>
      <div>
        <h3><BookLink book={book} /></h3>
        <p class="author">{book.author}, {count(book.pages, "page", "pages")}</p>
      </div>
      <button type="button" class="button quiet" aria-label={`Begin ${book.title}`} onclick={() => moveTo(book.id, "reading")}>
        Begin
      </button>
    </li>
  );
}

/** Fourteen days as fourteen columns, as high as the pages read. */
function Fortnight(): Node {
  const days = pagesPerDay(books());
  const last: readonly Day[] = Array.from({ length: 14 }, (_, index) => addDays(today(), index - 13));
  const most = Math.max(1, ...last.map((day) => days.get(day) ?? 0));
  const total = last.reduce((sum, day) => sum + (days.get(day) ?? 0), 0);
  const run = streak(days, today());
  return (
    <figure class="fortnight">
      <ol aria-label="Pages read on each of the last fourteen days">
        {last.map((day) => {
          const pages = days.get(day) ?? 0;
          const label = `${longDate(day)}: ${count(pages, "page", "pages")}`;
          return (
            <li title={label}>
              <span class="visually-hidden">{label}</span>
              <span class="column" style={`block-size: ${Math.round((pages / most) * 100)}%`} />
              <span class="letter" aria-hidden="true">{Number(day.slice(8))}</span>
            </li>
          );
        })}
      </ol>
      <figcaption>
        {count(total, "page", "pages")} in two weeks{run > 1 && `, and something on each of the last ${run} days`}.
      </figcaption>
    </figure>
  );
}
