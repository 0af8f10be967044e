// The pieces several views show: a bar, a form for the page one has come to, how numbers and days are written.

import "./parts.css";
import { pageReached, progress, type Book, type Day } from "../books.ts";
import { field } from "../page.ts";
import { href } from "../router.ts";
import { reachPage } from "../store.ts";

interface Of {
  readonly book: Book;
}

export function bookPath(id: string): string {
  return `/library/${encodeURIComponent(id)}/`;
}

export function BookLink({ book }: Of): Node {
  return <a href={href(bookPath(book.id))}>{book.title}</a>;
}

export function Bar({ book }: Of): Node {
  const percent = Math.round(progress(book) * 100);
  return (
    <div class="progress">
      <progress max={book.pages} value={pageReached(book)} aria-label={`${book.title}: pages read`}>{percent} %</progress>
      <span class="figures">{pageReached(book)} of {book.pages}</span>
    </div>
  );
}

export function PageForm({ book }: Of): Node {
  const id = `page-${book.id}`;
  const mark = (event: SubmitEvent): void => {
    event.preventDefault();
    if (event.target instanceof HTMLFormElement) reachPage(book.id, Number(field(event.target, "page")));
  };
  return (
    <form class="page-form" onsubmit={mark}>
      <label for={id}>I am on page</label>
      <input id={id} name="page" type="number" inputmode="numeric" min={0} max={book.pages} value={pageReached(book)} required />
      <button class="button" id={`mark-${book.id}`}>Mark</button>
    </form>
  );
}

export function count(number: number, one: string, many: string): string {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

export function longDate(day: Day): string {
  const [year = 1970, month = 1, date = 1] = day.split("-").map(Number);
  return new Date(year, month - 1, date, 12).toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric" });
}
